"""`giftstream rebuild`."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import Json, place
from app.commands.output import json_line, say
from app.commands.worker import AcceptGap, Quarantine

if TYPE_CHECKING:
    from app.rebuild.progress import Counted

Replaces = Annotated[
    str, typer.Option(metavar="APP_ID", help="The app id that has counted up to now. Its workers may go on meanwhile.")
]


def rebuild(
    replaces: Replaces, quarantine: Quarantine = None, accept_gap: AcceptGap = None, as_json: Json = False
) -> None:
    """Count the log anew under GIFTSTREAM_APP_ID, a new one, and switch the boards over to it.

    For a lost changelog, another horizon or time zone, or a giftstream with other windows. Nothing is published until
    all is counted; then the workers of --replaces are stopped for good, what differs is published, and the exit code
    is 0: start workers with the new GIFTSTREAM_APP_ID. Stopped at any moment, it goes on when it is run again.
    """
    told = [place(text, "--quarantine") for text in quarantine or []]
    accepted = [place(text, "--accept-gap") for text in accept_gap or []]
    import asyncio

    from app.logs import configure_logs
    from app.settings_load import load_settings

    settings = load_settings()
    configure_logs(settings.log_format)
    from app.pipeline import Told
    from app.rebuild.run import rebuild as run

    def tell(counted: "Counted") -> None:
        json_line(counted.as_dict()) if as_json else say(str(counted))

    done = asyncio.run(run(settings, replaces, Told(told, accepted), tell, say))
    if as_json:
        json_line(done.as_dict())
    say(f"switched. Now start workers with GIFTSTREAM_APP_ID={done.app_id}; those of {replaces} refuse to start")
