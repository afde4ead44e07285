"""One rebuild: count the log anew beside the running workers, end their generation, and let the new one speak.

::

    count ─ caught up ─ retire the old generation ─ count what it had counted ─ switch ─ delete what was hidden

Whatever crashes in between: run again, it goes on. Until the old generation is retired, nobody notices anything; from
then on boards stand still until the end.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from app.connection import client_options
from app.dead_letters import read as read_letters
from app.engine import memory
from app.engine.app import EngineApp
from app.engine.errors import EngineError
from app.engine.fail_stop import fail_stop
from app.engine.reader import LogReader
from app.logs import last_line
from app.pipeline import Told, create_rebuild
from app.rebuild.counting import Counting
from app.rebuild.difference import Known
from app.rebuild.generation import behind_the_mark, hidden, mark
from app.rebuild.prepare import prepare
from app.rebuild.progress import Tell
from app.rebuild.replace import past, retire_generation
from app.rebuild.switch import Switch
from app.settings import Settings
from app.topics import delete


@dataclass(frozen=True, slots=True)
class Switched:
    """The end of a rebuild: which app id counts from now on, instead of which, and what was published by topic."""

    app_id: str
    replaced: str
    published: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"phase": "switched", "app_id": self.app_id, "replaced": self.replaced, "published": self.published}


async def rebuild(settings: Settings, replaces: str, told: Told, tell: Tell, say: Callable[[str], None]) -> Switched:
    """Rebuild into the app id of the settings, in the place of the app id `replaces`.

    `tell` hears how far it is, `say` what happens. Raises UsageError and Finding before anything was changed; what
    goes wrong later ends the process, as it does a worker.
    """
    replaced = settings.model_copy(update={"app_id": replaces})
    names, published = hidden(settings), {}
    try:
        if await prepare(settings, replaced):
            switch = await _count(settings, replaced, told, tell, say)
            say("switching: publishing what differs")
            await switch.run()
            published = switch.published
            await delete(settings, [mark(names).name])
        await delete(settings, [topic.name for topic in behind_the_mark(names)])
    except EngineError as error:
        fail_stop(error, partial(last_line, settings.log_format))
    return Switched(settings.app_id, replaces, published)


async def _count(settings: Settings, replaced: Settings, told: Told, tell: Tell, say: Callable[[str], None]) -> Switch:
    names, reader = hidden(settings), LogReader(client_options(settings))
    quarantined = [*told.quarantined, *await _quarantined(replaced)]
    starts = {number: (await reader.bounds(names.gifts.name, number))[0] for number in range(settings.partitions)}
    app = create_rebuild(settings, names, told._replace(quarantined=quarantined))
    async with _running(app):
        counting = Counting(app, reader, settings.partitions, starts, tell)
        await counting.catch_up()
        say(f"caught up: retiring {replaced.app_id}, whose workers end now")
        await retire_generation(replaced, settings.app_id)
        await counting.published_to(await counting.ends())
        return Switch(settings, names, Known(counting.began_at(), (await past(replaced)).told_to))


@asynccontextmanager
async def _running(app: EngineApp) -> AsyncIterator[None]:
    memory.tune()
    await app.start()
    try:
        yield
    finally:
        await app.stop()


async def _quarantined(settings: Settings) -> list[tuple[int, int]]:
    """Return the records that an operator has named, as the dead letters tell: they stay uncounted."""
    letters = read_letters(settings, "quarantined")
    return [(int(letter.partition), int(letter.offset)) async for letter in letters]
