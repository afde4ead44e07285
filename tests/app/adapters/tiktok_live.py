"""Gift messages as the TikTokLive package itself makes and prints them. All values are our own."""

from typing import Any
from warnings import catch_warnings, simplefilter

from TikTokLiveProto.v3.webcast.model import Gift
from TikTokLiveProto.v3.webcast.model.base.user import EnigmaInfo, User
from TikTokLiveProto.v3.webcast.model.message import GiftMonitorInfo, WebcastGiftMessage
from TikTokLiveProto.v3.webcast.shared.message import CommonMessageData

with catch_warnings():
    simplefilter("ignore", DeprecationWarning)  # it imports websockets.legacy
    from TikTokLive.events import CommentEvent, GiftEvent

__all__ = ["CommentEvent", "CommonMessageData", "Gift", "User"]

ROOM = 7_299_999_999_999_999_001
HOST = 6_900_000_000_000_000_007
ANA = User(id=6_800_000_000_000_000_042, nickname="Ana", display_id="ana")
MASKED = User(nickname="Mystery", enigma_info=EnigmaInfo(is_enigma_mask_on=True))
ROSE = Gift(id=5_655, name="Rose", type=1, combo=True, diamond_count=1)
LION = Gift(id=6_369, name="Lion", type=2, diamond_count=29_999)
STARTED = 1_700_000_000_123


def printed(
    msg_id: int = 7_300_000_000_000_000_101,
    gift: Gift = ROSE,
    user: User | None = ANA,
    at: int = STARTED + 377,
    group_id: int = STARTED,
    method: str = "WebcastGiftMessage",
    host: int = HOST,
    **fields: Any,
) -> bytes:
    """Return a gift as a program would print it: off the wire, parsed by the client, and `to_json()`."""
    message = WebcastGiftMessage(
        common=CommonMessageData(method=method, msg_id=msg_id, room_id=ROOM, create_time=at),
        gift_id=gift.id,
        gift=gift,
        user=user,
        group_id=group_id,
        monitor_info=GiftMonitorInfo(anchor_id=host, to_user_id=host),
        **fields,
    )
    text: str = GiftEvent.parse(bytes(message)).to_json()
    return text.encode()
