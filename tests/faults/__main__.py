"""`python -m tests.faults`: prove the claim with real faults. Exit 1 if any scenario fails."""

import asyncio
import logging
import random
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import tests.faults.scenarios  # noqa: F401 (fills the catalogue)
from tests.faults import options
from tests.faults.outcome import Outcome, summary
from tests.faults.page import write
from tests.faults.run import run, shared_broker
from tests.faults.scenario import CATALOGUE, Scenario, in_order

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="Only these; the start of a name does.")
]
Short = Annotated[bool, typer.Option("--short", help="The short form, within 6 minutes.")]
Seed = Annotated[int | None, typer.Option(help="Repeat a run's random choices; else a new one.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON line a scenario on stdout.")]
Jobs = Annotated[int, typer.Option(help="Scenarios at a time.", min=1)]
List = Annotated[bool, typer.Option("--list", help="Name the scenarios and end.")]
Soak = Annotated[float, typer.Option(help="Seconds that the soak lasts.", min=80)]
Page = Annotated[Path | None, typer.Option(help="Put the outcomes into the table on this page.", exists=True)]
Logs = Annotated[Path | None, typer.Option(help="Keep the workers' logs and the journal of failed scenarios here.")]

WIDTH = 120
"""Of the table, where it is not on a terminal."""


def faults(
    names: Names = None,
    short: Short = False,
    seed: Seed = None,
    as_json: Json = False,
    jobs: Jobs = 3,
    list_only: List = False,
    soak_seconds: Soak = options.SOAK_SECONDS,
    logs: Logs = None,
    page: Page = None,
) -> None:
    """Kill, pause and restart real workers and brokers under load, and recount everything afterwards."""
    scenarios = _chosen(names or [], short)
    if list_only:
        for one in scenarios:
            print(f"{one.name}\t{(one.body.__doc__ or '').splitlines()[0]}")
        return
    options.SOAK_SECONDS, options.LOGS = soak_seconds, logs
    chosen_seed = random.SystemRandom().randrange(1, 1_000_000) if seed is None else seed
    outcomes = asyncio.run(_run(scenarios, chosen_seed, jobs, as_json))
    if page is not None:
        write(page, outcomes, [one.name for one in in_order()])
    raise typer.Exit(int(not all(one.passed for one in outcomes)))


def _chosen(names: list[str], short: bool) -> list[Scenario]:
    for name in names:
        if not any(known.startswith(name) for known in CATALOGUE):
            raise typer.BadParameter(f"there is no scenario {name}; --list names them")
    return [
        one
        for one in in_order()
        if (not names or any(one.name.startswith(name) for name in names)) and (one.short or not short)
    ]


async def _run(scenarios: list[Scenario], seed: int, jobs: int, as_json: bool) -> list[Outcome]:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers are killed here all the time
    console = Console(stderr=as_json, width=None if sys.stdout.isatty() else WIDTH)
    console.print(f"{len(scenarios)} scenarios, seed {seed}", highlight=False)

    def told(one: Outcome) -> None:
        one.render(console)
        if as_json:
            sys.stdout.buffer.write(one.as_json() + b"\n")
            sys.stdout.flush()

    async with shared_broker() as broker:
        outcomes = await run(scenarios, seed, jobs, broker, told)
    console.print(summary(outcomes))
    if failed := [one.scenario for one in outcomes if not one.passed]:
        console.print(
            f"Again: python -m tests.faults --seed {seed} {' '.join(failed)}", highlight=False, soft_wrap=True
        )
    return outcomes


if __name__ == "__main__":
    typer.run(faults)
