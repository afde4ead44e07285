"""`giftstream topics`: create, check, acls, strimzi."""

from typing import TYPE_CHECKING, Annotated

import typer

from app.access import Role
from app.commands.output import json_line, say

if TYPE_CHECKING:
    from app.settings import Settings

RoleName = Annotated[Role, typer.Argument(help="Who it is for.")]
User = Annotated[str | None, typer.Option(help="Name of the user; else <app id>-<role>.")]
Cluster = Annotated[str, typer.Option(help="Name of the Kafka in Kubernetes.")]
Wait = Annotated[float, typer.Option(help="Seconds to wait for a broker that is not there yet.", min=0)]


def create(wait: Wait = 0) -> None:
    """Create the topics that are missing. Those that are there are left as they are."""
    import asyncio

    from app.settings_load import load_settings
    from app.topics import create as create_topics

    settings = load_settings()

    async def run() -> list[str]:
        await _wait(settings, wait)
        return await create_topics(settings)

    created = asyncio.run(run())
    json_line({"created": created})
    say(f"{len(created)} topics created" if created else "nothing to do: all topics are there")


def check(wait: Wait = 0) -> None:
    """Compare the topics with what giftstream needs. Exit 1 if any differs; each line says how to mend it."""
    import asyncio
    from dataclasses import asdict

    from app.settings_load import load_settings
    from app.topics import check as check_topics
    from app.topics_compare import Mismatch

    settings = load_settings()

    async def run() -> list[Mismatch]:
        await _wait(settings, wait)
        return await check_topics(settings)

    mismatches = asyncio.run(run())
    for mismatch in mismatches:
        json_line(asdict(mismatch))
        say(str(mismatch))
    say("the topics are as they must be" if not mismatches else f"{len(mismatches)} things to mend")
    raise typer.Exit(1 if mismatches else 0)


def acls(role: RoleName, user: User = None) -> None:
    """Print the least rights of a role at Kafka, and the command lines that grant them."""
    from app.access import command, grants
    from app.settings_load import load_settings
    from app.topics_compare import Tools

    settings = load_settings()
    tools = Tools(settings.broker, settings.security_protocol != "PLAINTEXT")
    for grant in grants(role, settings):
        line = command(grant, user or f"{settings.app_id}-{role}", tools)
        json_line(grant._asdict() | {"command": line})
        say(line)


def strimzi(cluster: Cluster = "kafka") -> None:
    """Print the topics and a user for each role as Strimzi's resources (YAML), with the settings of here."""
    from app.settings_load import load_settings
    from app.strimzi import manifest, resources

    typer.echo(manifest(resources(load_settings(), cluster)), nl=False)


async def _wait(settings: "Settings", seconds: float) -> None:
    from app.connection import client_options
    from app.wait import wait_for_broker

    await wait_for_broker(client_options(settings), on_wait=say, max_seconds=seconds)
