"""A rejection is a reason of the closed list and a short detail that a person can act on."""

from typing import get_args

import pytest

from agents.domain.reject import DETAIL_CHARS, Rejected, rejected
from schemas.dead_letter import REASONS, Reason
from tests.corpus import HOSTILE, quarantined


def test_detail_says_what_was_found_what_is_allowed_and_what_to_do() -> None:
    assert rejected("bad_key", "no key", "the stream_id", "set it") == Rejected(
        "bad_key", "no key; allowed: the stream_id; set it"
    )


def test_detail_is_cut_to_its_bound() -> None:
    assert len(rejected("bad_key", "x" * 1_000, "y", "z").detail) == DETAIL_CHARS


@pytest.mark.parametrize("reason", REASONS)
def test_the_tree_draws_every_reason(reason: Reason) -> None:
    assert reason in (Rejected.__doc__ or "")


def test_the_corpus_covers_every_reason_that_a_record_alone_can_have() -> None:
    covered = {hostile.reason for hostile in [*HOSTILE, quarantined()]}
    assert set(get_args(Reason)) - covered == {"too_old"}
