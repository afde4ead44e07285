"""What TikTok-Live-Connector (JavaScript) prints of gifts, in the shapes of its versions. All values are our own."""

from typing import Any

import orjson
import pytest

from app.adapters.line_error import LineError
from app.adapters.tiktok import TikTokAdapter
from schemas.gift import GiftEvent

FLAT: dict[str, Any] = {
    "giftId": 5655,
    "repeatCount": 5,
    "repeatEnd": False,
    "groupId": "1700000000123",
    "giftName": "Rose",
    "diamondCount": 1,
    "giftType": 1,
    "describe": "Sent Rose",
    "userId": "6800000000000000042",
    "uniqueId": "ana",
    "nickname": "Ana",
    "userDetails": {"createTime": "0"},
    "msgId": "7300000000000000101",
    "createTime": "1700000000500",
    "receiverUserId": "6700000000000000013",
    "timestamp": 1700000000450,
    # as JavaScript leaves it: parsed, and the last digits lost
    "monitorExtra": {"anchor_id": 6900000000000000000, "room_id": 7300000000000000000},
}
DETAILS: dict[str, Any] = {
    "common": {"msgId": "7300000000000000101", "roomId": "7299999999999999001", "createTime": "1700000000500"},
    "giftId": 5655,
    "repeatCount": 5,
    "comboCount": 5,
    "groupCount": 1,
    "repeatEnd": 0,
    "groupId": "1700000000123",
    "user": {"userId": "6800000000000000042", "uniqueId": "ana", "nickname": "Ana"},
    "giftDetails": {"giftName": "Rose", "giftType": 1, "diamondCount": 1},
    "giftExtra": {"anchorId": "6900000000000000007", "toUserId": "6700000000000000013"},
}
PROTO3: dict[str, Any] = {
    **{name: value for name, value in DETAILS.items() if name not in ("giftDetails", "giftExtra")},
    "user": {"id": "6800000000000000042", "idStr": "", "displayId": "ana", "nickname": "Ana", "enigmaInfo": None},
    "toUser": {"id": "6700000000000000013", "nickname": "Guest"},
    "gift": {"id": "5655", "name": "Rose", "type": 1, "diamondCount": 1, "combo": True},
    "monitorInfo": {"anchorId": "6900000000000000007", "toUserId": "6900000000000000007"},
}


@pytest.mark.parametrize("message", [FLAT, DETAILS, PROTO3], ids=["flat", "giftDetails", "gift"])
def test_all_shapes_are_the_same_gift(message: dict[str, Any]) -> None:
    assert one(message) == GiftEvent(
        event_id="tiktok:7300000000000000101",
        platform="tiktok",
        stream_id="tiktok:7299999999999999001",
        channel_id="6900000000000000007",
        sender_id="6800000000000000042",
        gift_id="5655",
        unit_value=1,
        value_unit="coin",
        quantity=5,
        event_time_ms=1_700_000_000_500,
        phase="streak_update",
        streak_id="1700000000123",
        recipient_id="6700000000000000013",
        sender_name="Ana",
        gift_name="Rose",
    )


@pytest.mark.parametrize("message", [FLAT, DETAILS, PROTO3], ids=["flat", "giftDetails", "gift"])
@pytest.mark.parametrize("end", [True, 1])
def test_the_end_is_told_by_true_or_one(message: dict[str, Any], end: Any) -> None:
    assert one(message | {"repeatEnd": end}).phase == "streak_end"


def test_a_dear_gift_is_single() -> None:
    lion = {"giftName": "Lion", "giftType": 2, "diamondCount": 29_999}

    gift = one(DETAILS | {"giftId": 6_369, "giftDetails": lion, "groupId": "0", "repeatCount": 1, "comboCount": 1})

    assert (gift.phase, gift.streak_id, gift.unit_value) == ("single", None, 29_999)


def test_the_price_may_come_from_the_fetched_gift() -> None:
    bare = {name: value for name, value in DETAILS.items() if name != "giftDetails"}

    assert one(bare | {"extendedGiftInfo": {"diamond_count": 30, "name": "Finger Heart"}}).unit_value == 30


def test_the_sent_time_stands_in_for_the_create_time() -> None:
    assert one(FLAT | {"createTime": "0"}).event_time_ms == 1_700_000_000_450


def test_a_missing_user_id_falls_back_to_the_other_stable_one() -> None:
    assert one(FLAT | {"userId": "", "secUid": "MS4wLjABAAAAexample"}).sender_id == "MS4wLjABAAAAexample"


def test_an_event_may_be_wrapped() -> None:
    assert one({"event": "gift", "data": DETAILS}) == one(DETAILS)


@pytest.mark.parametrize(
    "message",
    [
        {"comment": "hello", "userId": "1", "msgId": "2"},
        {"event": "like", "data": {"likeCount": 3, "user": {"userId": "1"}}},
        {"viewerCount": 630, "topViewers": []},
    ],
)
def test_other_events_are_no_gifts(message: dict[str, Any]) -> None:
    assert TikTokAdapter().parse(orjson.dumps(message)) == []


def test_a_rounded_room_id_is_not_used() -> None:
    error = TikTokAdapter(channel="c").parse(orjson.dumps(FLAT | {"roomId": 7299999999999999000}))

    assert isinstance(error, LineError)
    assert error.found == "no room id"


def one(message: dict[str, Any]) -> GiftEvent:
    adapter = TikTokAdapter(stream="7299999999999999001", channel="6900000000000000007")
    found = adapter.parse(orjson.dumps(message))
    assert not isinstance(found, LineError), str(found)
    (gift,) = found
    return gift
