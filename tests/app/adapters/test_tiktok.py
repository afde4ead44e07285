"""What TikTokLive (Python) prints of gifts, as gift events. The messages are made by the package itself."""

from dataclasses import replace
from re import search
from typing import Any

import orjson
import pytest

from app.adapters.line_error import LineError
from app.adapters.tiktok import TikTokAdapter
from schemas.gift import GiftEvent
from tests.app.adapters.tiktok_live import (
    ANA,
    HOST,
    LION,
    MASKED,
    ROOM,
    ROSE,
    STARTED,
    CommentEvent,
    CommonMessageData,
    Gift,
    User,
    printed,
)

GUEST = User(id=6_700_000_000_000_000_013, nickname="Guest")


def test_a_frame_of_a_streak() -> None:
    assert one(printed(repeat_count=4, combo_count=4, group_count=1)) == GiftEvent(
        event_id="tiktok:7300000000000000101",
        platform="tiktok",
        stream_id=f"tiktok:{ROOM}",
        channel_id=str(HOST),
        sender_id="6800000000000000042",
        gift_id="5655",
        unit_value=1,
        value_unit="coin",
        quantity=4,
        event_time_ms=STARTED + 377,
        phase="streak_update",
        streak_id=str(STARTED),
        sender_name="Ana",
        gift_name="Rose",
    )


def test_the_closing_frame_ends_the_same_streak() -> None:
    frames = [
        one(printed(101, repeat_count=1)),
        one(printed(102, repeat_count=4)),
        one(printed(103, repeat_count=7, repeat_end=1)),
    ]

    assert [frame.phase for frame in frames] == ["streak_update", "streak_update", "streak_end"]
    assert [frame.quantity for frame in frames] == [1, 4, 7]
    assert len({frame.streak_id for frame in frames}) == 1


def test_a_closing_frame_sent_again_is_the_same_streak_under_a_fresh_id() -> None:
    final = one(printed(103, repeat_count=7, repeat_end=1))
    again = one(printed(118, repeat_count=7, repeat_end=1))

    assert final.event_id != again.event_id
    assert (final.streak_id, final.quantity) == (again.streak_id, again.quantity)


def test_a_gift_that_is_no_streak_counts_at_once() -> None:
    lion = one(printed(200, gift=LION, group_id=0, repeat_count=1))

    assert (lion.phase, lion.streak_id) == ("single", None)
    assert (lion.unit_value, lion.quantity) == (29_999, 1)


@pytest.mark.parametrize(
    ("gift", "group_id"), [(ROSE, STARTED), (LION, STARTED), (Gift(id=1, name="Cap", combo=True, diamond_count=99), 0)]
)
def test_a_type_a_group_or_a_combo_each_tell_of_a_streak(gift: Gift, group_id: int) -> None:
    assert one(printed(gift=gift, group_id=group_id, repeat_count=1)).phase == "streak_update"


def test_a_batch_counts_all_its_pieces() -> None:
    assert one(printed(repeat_count=1, combo_count=3, group_count=66)).quantity == 198


def test_without_any_count_it_is_one() -> None:
    assert one(printed()).quantity == 1


def test_a_masked_user_without_an_id_is_anonymous() -> None:
    gift = one(printed(user=MASKED))

    assert gift.anonymous
    assert (gift.sender_id, gift.sender_name) == (None, None)


def test_a_masked_user_with_an_id_is_known_by_it() -> None:
    gift = one(printed(user=replace(MASKED, id=17)))

    assert not gift.anonymous
    assert gift.sender_id == "17"


def test_a_gift_to_a_guest_names_the_recipient() -> None:
    assert one(printed(to_user=GUEST)).recipient_id == "6700000000000000013"
    assert one(printed(to_member_id_int=6_700_000_000_000_000_013)).recipient_id == "6700000000000000013"


def test_a_gift_to_the_host_names_no_recipient() -> None:
    assert one(printed(to_user=User(id=HOST))).recipient_id is None


def test_a_free_gift_has_no_price_in_the_json() -> None:
    assert one(printed(gift=replace(ROSE, diamond_count=0))).unit_value == 0


def test_the_handle_stands_in_for_a_name() -> None:
    assert one(printed(user=replace(ANA, nickname=""))).sender_name == "ana"


def test_names_in_snake_case_are_the_same() -> None:
    camel = orjson.loads(printed(repeat_count=3, to_user=GUEST))
    snake = {
        "common": {"msg_id": camel["common"]["msgId"], "room_id": str(ROOM), "create_time": str(STARTED + 377)},
        "gift_id": "5655",
        "repeat_count": 3,
        "group_id": str(STARTED),
        "gift": {"id": "5655", "type": 1, "diamond_count": 1, "name": "Rose"},
        "user": {"id": str(ANA.id), "nickname": "Ana"},
        "to_user": {"id": str(GUEST.id)},
        "monitor_info": {"anchor_id": str(HOST)},
    }

    assert one(orjson.dumps(snake)) == one(orjson.dumps(camel))


def test_other_events_are_no_gifts() -> None:
    chat = CommentEvent(common=CommonMessageData(method="WebcastChatMessage", msg_id=1), content="hello")

    assert TikTokAdapter().parse(chat.to_json().encode()) == []
    assert TikTokAdapter().parse(b'{"likeCount": 15, "totalLikeCount": 900}') == []
    assert TikTokAdapter().parse(b'{"battleId": "7", "giftId": "5655", "repeatCount": 3}') == []


def test_the_host_is_found_in_the_monitor_text() -> None:
    message = orjson.loads(printed())
    del message["monitorInfo"]
    message["monitorExtra"] = f'{{"anchor_id":{HOST},"to_user_id":{GUEST.id}}}'

    gift = one(orjson.dumps(message))

    assert (gift.channel_id, gift.recipient_id) == (str(HOST), str(GUEST.id))


def test_options_stand_in_for_room_and_host() -> None:
    message = orjson.loads(printed(host=0))
    del message["common"]["roomId"]

    (gift,) = parsed(orjson.dumps(message), TikTokAdapter(stream="tonight", channel="ana-live"))

    assert (gift.stream_id, gift.channel_id) == ("tiktok:tonight", "ana-live")


def test_what_the_message_says_goes_before_the_options() -> None:
    (gift,) = parsed(printed(), TikTokAdapter(stream="tiktok:tonight", channel="ana-live"))

    assert (gift.stream_id, gift.channel_id) == (f"tiktok:{ROOM}", str(HOST))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"common": {"roomId": "1", "createTime": "1700000000500"}}, "no msgId; allowed: an id; "),
        ({"common": {"msgId": "1", "roomId": "1"}}, "no createTime; allowed: milliseconds since 1970; "),
        ({"common": {"msgId": "1", "createTime": "1700000000500"}}, "no room id; allowed: an id; .* --stream"),
        ({"common": {"msgId": "1", "roomId": "1", "createTime": "1700000000"}}, "before 2015; .* not seconds"),
        ({"monitorInfo": {}}, "no id of the host; allowed: an id; .* --channel"),
        ({"user": {"nickname": "Ana"}}, "no user id, and the user is not masked; allowed: user.id; "),
        ({"user": {"id": 6813181309701719620}}, r"JSON number above 2\^53.*; allowed: .* as a string; "),
        ({"user": {"id": "a b"}}, "bad_id: .*sender_id"),
        ({"gift": {"name": "Rose", "type": 1}}, "no diamondCount; allowed: the price in coins; "),
        ({"repeatCount": "many"}, "repeatCount is a text; allowed: an integer; "),
        ({"repeatCount": 2.5}, "repeatCount is of type float; allowed: an integer; "),
        ({"giftId": "0", "gift": {"type": 1}}, "no giftId; allowed: an id; "),
    ],
)
def test_an_unfit_gift_says_what_to_do(change: dict[str, Any], error: str) -> None:
    message = orjson.loads(printed()) | change

    found = TikTokAdapter().parse(orjson.dumps(message))

    assert search(error, str(found))


@pytest.mark.parametrize("line", [b"", b"hello", b'{"giftId": 1', b"[1]", b"17", b'"text"', b"\xff"])
def test_a_line_that_is_no_object_is_an_error(line: bytes) -> None:
    assert isinstance(TikTokAdapter().parse(line), LineError)


def parsed(line: bytes, adapter: TikTokAdapter) -> list[GiftEvent]:
    found = adapter.parse(line)
    assert not isinstance(found, LineError), str(found)
    return found


def one(line: bytes) -> GiftEvent:
    (gift,) = parsed(line, TikTokAdapter())
    return gift
