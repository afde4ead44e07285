"""`giftstream produce`."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.options import open_lines
from app.commands.output import json_line, say
from app.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from app.json_lines import BadLine, GiftLine

    Reader = Callable[[Iterable[bytes]], Iterator[GiftLine | BadLine]]

File = Annotated[str, typer.Argument(help="JSON lines; - is stdin.")]
Format = Annotated[str, typer.Option("--format", help="gift (our GiftEvent) or tiktok (a recorded chat).")]
Stream = Annotated[str | None, typer.Option(help="For tiktok: the stream that the events belong to.")]
Channel = Annotated[str | None, typer.Option(help="For tiktok: its channel.")]

FORMATS = ("gift", "tiktok")


def produce(file: File, form: Format = "gift", stream: Stream = None, channel: Channel = None) -> None:
    """Send JSON lines to the source topic, keyed by stream. Exit 1 if a line was bad; the good ones are sent."""
    if form not in FORMATS:
        raise UsageError(f"--format is {form!r}", allowed=", ".join(FORMATS))
    if form == "gift" and (stream or channel):
        raise UsageError("--stream and --channel are for --format tiktok", do="A gift event names its own stream")
    import asyncio

    from app.adapters.arriving import arriving
    from app.json_lines import BadLine
    from app.sending import GiftSender
    from app.settings_load import load_settings

    settings, read = load_settings(), _reader(form, stream, channel)

    async def run(lines: "Iterable[bytes]") -> tuple[dict[int, int], int]:
        bad = 0
        async with GiftSender(settings) as sender:
            async for line in arriving(read(lines)):
                if isinstance(line, BadLine):
                    say(f"line {line.number}: {line.why}")
                    bad += 1
                else:
                    await sender.send(line.key, line.value)
        return dict(sender.sent), bad

    with open_lines(file) as lines:
        sent, bad = asyncio.run(run(lines))
    json_line({"topic": settings.source_topic, "sent": sum(sent.values()), "by_partition": sent, "bad_lines": bad})
    raise typer.Exit(1 if bad else 0)


def _reader(form: str, stream: str | None, channel: str | None) -> "Reader":
    from app.adapters.reader import TikTokReader
    from app.json_lines import read_gifts

    return read_gifts if form == "gift" else TikTokReader(stream, channel)
