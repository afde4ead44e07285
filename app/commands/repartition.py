"""`giftstream repartition`."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Json
from app.commands.output import json_line, say

if TYPE_CHECKING:
    from app.repartition.told import Ended, Event

STOPPED_EARLY = 130
"""As for Ctrl-C anywhere: what was wanted is not there yet."""

From = Annotated[str, typer.Option("--from", metavar="TOPIC", help="The old source topic, such as gifts.v1.")]
UntilSilent = Annotated[
    float, typer.Option(metavar="SECONDS", help="End when nothing has come to the old topic for so long.", min=0)
]


def repartition(source: From, until_silent: UntilSilent = 60, as_json: Json = False) -> None:
    """Copy a source topic into that of GIFTSTREAM_TOPIC_PREFIX, a new one with GIFTSTREAM_PARTITIONS partitions.

    Each record once, in the order of append times, every stream into one partition. When it has caught up, new workers
    may start under GIFTSTREAM_APP_ID, a new one, too; what still comes to the old topic is copied until it is silent.
    Stopped at any moment, it goes on when it is run again.
    """
    import asyncio

    from app.logs import configure_logs
    from app.settings_load import load_settings

    settings = load_settings()
    configure_logs(settings.log_format)
    from app.repartition.run import repartition as run
    from app.stop_signal import stop_signal

    def tell(event: "Event") -> None:
        json_line(event.as_dict()) if as_json else say(str(event))

    async def until_ended() -> "Ended":
        return await run(settings, source, until_silent, stop_signal(), tell, say)

    ended = asyncio.run(until_ended())
    tell(ended)
    raise typer.Exit(0 if ended.caught_up else STOPPED_EARLY)
