"""The command line: `giftstream COMMAND`. JSON on stdout, words and logs on stderr.

Exit codes: 0 well; 1 a finding; 2 usage; 3 fail-stop; 130 ended by Ctrl-C.
"""

import sys
from typing import Annotated

import typer

from app.commands import (
    audit,
    broker,
    dead_letters,
    demo,
    produce,
    rebuild,
    repartition,
    schemas,
    simulate,
    top,
    topics,
    watch,
    worker,
)
from app.errors import GiftstreamError, UsageError
from app.version import VERSION

cli = typer.Typer(
    name="giftstream",
    help="Exact, windowed leaderboards of live-stream gifts, from a Kafka topic.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
topics_cli = typer.Typer(no_args_is_help=True, help="The Kafka topics, and who may do what with them.")
letters_cli = typer.Typer(no_args_is_help=True, help="Look at refused records, and send repaired ones back.")
schemas_cli = typer.Typer(no_args_is_help=True, help="The JSON Schemas of the public values.")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"giftstream {VERSION}")
        raise typer.Exit


@cli.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


cli.command()(demo.demo)
cli.command()(worker.worker)
cli.command()(broker.broker)
cli.command()(simulate.simulate)
cli.command()(produce.produce)
cli.command()(top.top)
cli.command()(watch.watch)
cli.command()(audit.audit)
cli.command()(rebuild.rebuild)
cli.command()(repartition.repartition)
topics_cli.command("create")(topics.create)
topics_cli.command("check")(topics.check)
topics_cli.command("acls")(topics.acls)
topics_cli.command("strimzi")(topics.strimzi)
letters_cli.command("list")(dead_letters.list_letters)
letters_cli.command("replay")(dead_letters.replay)
schemas_cli.command("export")(schemas.export)
cli.add_typer(topics_cli, name="topics")
cli.add_typer(letters_cli, name="dead-letters")
cli.add_typer(schemas_cli, name="schemas")


def main() -> None:
    """Run the command that the arguments name, and exit."""
    try:
        cli()
    except GiftstreamError as error:
        print(f"giftstream: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output is gone (`giftstream watch --json | head`): nobody is left to be told.
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:
        if not type(error).__module__.startswith("aiokafka."):
            raise
        print(f"giftstream: Kafka refuses: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(UsageError.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
