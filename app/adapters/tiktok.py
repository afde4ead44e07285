"""Gifts as TikTok LIVE clients print them, one JSON object a line, made into gift events.

Understood are `to_json()` of TikTokLive 7 (Python), and the gift events of TikTok-Live-Connector (JavaScript): flat
(version 1, and its legacy interface), with `giftDetails` (2.0), and with `gift` (2.4). Names may be in snake_case, and
the object may be wrapped as `{"event": ..., "data": {...}}`. What the fields mean: sections 1 and 2 of
reference/gifts.md.

A streakable gift (type 1, or a group id, or a combo) is a frame of a streak: its quantity is the larger of the counts
given, and cumulative. So a lost closing frame, or one sent again under a fresh message id, changes nothing.
"""

from typing import Any, Final

import orjson
from msgspec.structs import asdict

from agents.domain.decode import decode
from agents.domain.reject import Rejected
from app.adapters.fields import Fields, exact_object
from app.adapters.groupless import GrouplessStreaks
from app.adapters.line_error import LineError, UnfitLine
from schemas.gift import GiftEvent
from schemas.ids import Phase

PREFIX: Final = "tiktok:"
FIRST_TIME_MS: Final = 1_420_070_400_000
"""2015-01-01T00:00:00Z. A time before it is in seconds, or none."""

_GIFT_ID: Final = ("giftId", "gift.id", "gift.giftId", "giftDetails.id")
_MARKS: Final = ("repeatCount", "comboCount", "groupCount", "repeatEnd", "diamondCount", "gift", "giftDetails")
_PRICE: Final = (
    "gift.diamondCount",
    "giftDetails.diamondCount",
    "diamondCount",
    "extendedGiftInfo.diamondCount",
)
_RECIPIENT: Final = (
    "toUser.id",
    "toUser.idStr",
    "toUser.userId",
    "toMemberIdInt",
    "toMemberId",
    "receiverUserId",
    "monitorInfo.toUserId",
    "giftExtra.toUserId",
    "monitorExtra.toUserId",
)
_ANCHOR: Final = ("monitorInfo.anchorId", "giftExtra.anchorId", "anchorId", "monitorExtra.anchorId")


class TikTokAdapter:
    """Reads the lines of one recording, or of one client, in their order.

    `stream` and `channel` stand in for a room id or a host's id that the messages do not have.
    """

    def __init__(self, stream: str | None = None, channel: str | None = None) -> None:
        self._stream = stream and PREFIX + stream.removeprefix(PREFIX)
        self._channel = channel
        self._groupless = GrouplessStreaks()

    def parse(self, line: bytes) -> list[GiftEvent] | LineError:
        """Return the gift of a line; none if it tells of something else, such as a chat or a like."""
        try:
            message = orjson.loads(line)
        except orjson.JSONDecodeError:
            return LineError("not JSON", "one JSON object a line", "print each event by to_json() or JSON.stringify()")
        if not isinstance(message, dict):
            return LineError("JSON, but no object", "one JSON object a line", "print one event a line")
        fields = Fields(_unwrapped(message))
        try:
            return [_checked(self._event(fields))] if _is_gift(fields) else []
        except UnfitLine as unfit:
            return unfit.error

    def _event(self, fields: Fields) -> GiftEvent:
        stream_id, channel_id = self._broadcast(fields)
        sender_id, sender_name = _sender(fields)
        recipient_id = fields.find_exact_id(*_RECIPIENT)
        recipient_id = None if recipient_id == channel_id else recipient_id
        gift_id = _needed(fields.find_id(*_GIFT_ID), "giftId", "print the message unchanged")
        quantity = _quantity(fields)
        at_ms = _time(fields)
        phase = _phase(fields)
        streak_id = None
        if phase != "single":
            key = (stream_id, sender_id, recipient_id, gift_id)
            streak_id = fields.find_id("groupId") or self._groupless.name(
                key, quantity, at_ms, ended=phase == "streak_end"
            )
        return GiftEvent(
            event_id=PREFIX + _needed(fields.find_id("common.msgId", "msgId"), "msgId", "print it too, as a string"),
            platform="tiktok",
            stream_id=stream_id,
            channel_id=channel_id,
            sender_id=sender_id,
            gift_id=gift_id,
            unit_value=_price(fields),
            value_unit="coin",
            quantity=quantity,
            event_time_ms=at_ms,
            phase=phase,
            streak_id=streak_id,
            recipient_id=recipient_id,
            sender_name=sender_name,
            gift_name=fields.find_name("gift.name", "giftDetails.giftName", "giftName", "extendedGiftInfo.name"),
            anonymous=sender_id is None,
        )

    def _broadcast(self, fields: Fields) -> tuple[str, str]:
        """Return whose broadcast it is: stream and channel."""
        room = fields.find_exact_id("common.roomId", "roomId")
        stream_id = PREFIX + room if room else self._stream
        channel_id = fields.find_exact_id(*_ANCHOR) or self._channel
        return (
            _needed(stream_id, "room id", "name the stream by --stream"),
            _needed(channel_id, "id of the host", "name the channel by --channel"),
        )


def _unwrapped(message: dict[str, Any]) -> dict[str, Any]:
    inner = message.get("data")
    message = inner if isinstance(inner, dict) else message
    extra = message.get("monitorExtra", message.get("monitor_extra"))
    return {**message, "monitorExtra": exact_object(extra)}


def _is_gift(fields: Fields) -> bool:
    """Whether the message tells of a gift. Battles name a gift too, but only to show it again."""
    if method := fields.find_name("common.method", "method"):
        return method == "WebcastGiftMessage"
    told = any(fields.find(mark) is not None for mark in _MARKS)
    return told and fields.find(*_GIFT_ID) is not None and fields.find("battleId") is None


def _sender(fields: Fields) -> tuple[str | None, str | None]:
    """Return id and name; neither for a masked user without an id that lasts."""
    sender_id = fields.find_id("user.id", "user.idStr", "user.userId", "userId", "user.secUid", "secUid")
    if sender_id is None:
        if fields.find("user.enigmaInfo.isEnigmaMaskOn", "enigmaInfo.isEnigmaMaskOn"):
            return None, None
        raise UnfitLine("no user id, and the user is not masked", "user.id", "print the user too, ids as strings")
    names = ("user.nickname", "nickname", "user.displayId", "user.uniqueId", "uniqueId")
    return sender_id, fields.find_name(*names)


def _quantity(fields: Fields) -> int:
    """Return how many were sent, in the streak so far: section 1.5 of reference/gifts.md."""
    repeated = fields.find_integer("repeatCount") or 0
    combined = (fields.find_integer("comboCount") or 0) * max(fields.find_integer("groupCount") or 0, 1)
    return max(repeated, combined, 1)


def _phase(fields: Fields) -> Phase:
    kind = fields.find_integer("gift.type", "giftDetails.giftType", "giftDetails.type", "giftType", "gift.giftType")
    combo = fields.find("gift.combo", "giftDetails.combo", "combo")
    if kind != 1 and not combo and not fields.find_id("groupId"):
        return "single"
    return "streak_end" if fields.find("repeatEnd") in (1, True, "1") else "streak_update"


def _price(fields: Fields) -> int:
    price = fields.find_integer(*_PRICE)
    if price is None and fields.find("gift.id") is not None:
        return 0  # protobuf's JSON leaves zeros out
    if price is None:
        raise UnfitLine("no diamondCount", "the price in coins", "let the client fetch gift details")
    return price


def _time(fields: Fields) -> int:
    at_ms = fields.find_integer("common.createTime", "createTime")
    if not at_ms:
        sent = "sendGiftSendMessageSuccessMs"
        at_ms = fields.find_integer("timestamp", f"monitorInfo.{sent}", f"giftExtra.{sent}", f"monitorExtra.{sent}")
    if not at_ms:
        raise UnfitLine("no createTime", "milliseconds since 1970", "print the message's createTime too")
    if at_ms < FIRST_TIME_MS:
        raise UnfitLine("createTime is before 2015", "milliseconds since 1970", "print milliseconds, not seconds")
    return at_ms


def _needed(value: str | None, what: str, remedy: str) -> str:
    if not value:
        raise UnfitLine(f"no {what}", "an id", remedy)
    return value


def _checked(event: GiftEvent) -> GiftEvent:
    """Return the event if the pipeline will take it. Raises UnfitLine."""
    verdict = decode(orjson.dumps(asdict(event)))
    if isinstance(verdict, Rejected):
        found, _, rest = verdict.detail.partition("; allowed: ")
        allowed, _, remedy = rest.partition("; ")
        raise UnfitLine(f"{verdict.reason}: {found}", allowed, remedy)
    return event
