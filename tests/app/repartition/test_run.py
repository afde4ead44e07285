"""What is said of lost records, and how errors end it."""

import pytest
from aiokafka.errors import KafkaError, OffsetOutOfRangeError, OutOfOrderSequenceNumber, ProducerFenced

from app.errors import FailStop, Finding
from app.repartition.claim import Done
from app.repartition.run import explained, lost
from app.repartition.told import CaughtUp, Copied, Ended
from app.settings import Settings


def test_a_whole_log_needs_no_warning() -> None:
    assert lost("gifts.v1", {0: 0, 1: 0}, {0: Done(0), 1: Done(0)}) == []


def test_a_log_that_has_lost_its_beginning_does_when_it_is_begun() -> None:
    (warning,) = lost("gifts.v1", {0: 0, 1: 1_500}, {0: Done(0), 1: Done(1_500)})
    assert "it begins at 1:1,500" in warning
    assert lost("gifts.v1", {0: 0, 1: 1_500}, {0: Done(7, 7), 1: Done(1_600, 100)}) == []


def test_what_is_lost_before_it_was_copied_ends_it() -> None:
    with pytest.raises(Finding, match=r"gifts\.v1\[0\] begins at 300, but the next record to copy is 200"):
        lost("gifts.v1", {0: 300}, {0: Done(200, 200)})


def test_another_copier_is_told_from_other_errors() -> None:
    hidden = KafkaError("Unexpected error during batch delivery")
    hidden.__cause__ = ProducerFenced()
    for error in (ProducerFenced(), hidden):
        with pytest.raises(FailStop, match="has taken over"), explained(Settings()):
            raise error
    with pytest.raises(FailStop, match="Kafka refuses: OutOfOrderSequenceNumber"), explained(Settings()):
        raise OutOfOrderSequenceNumber
    with pytest.raises(Finding, match="does not hold the next record"), explained(Settings()):
        raise OffsetOutOfRangeError({})


def test_words_and_json() -> None:
    assert str(Copied(1_000, 3_000, 500.0, 4.0)) == "1,000 of 3,000 records copied, 500 a second, 4 s left"
    assert Copied(1, 2, 0.0, None).as_dict()["phase"] == "copying"
    caught_up = CaughtUp("gifts.v1", "eight.gifts.v1", "giftstream-8", 8, 3_000)
    assert "start workers with GIFTSTREAM_APP_ID=giftstream-8 and GIFTSTREAM_PARTITIONS=8" in str(caught_up)
    assert caught_up.as_dict()["phase"] == "caught_up"
    assert str(Ended("gifts.v1", "n", 7, 0, True)) == "ended: gifts.v1 is silent, and its 7 records are in n"
    assert "7 records are copied, 1,200 are left; run it again" in str(Ended("gifts.v1", "n", 7, 1_200, True))
    assert str(Ended("gifts.v1", "n", 7, 0, False)).startswith("stopped")
