"""The audit of an installation: the recount imports none of our settings, so they are handed to it here."""

from collections.abc import AsyncIterator

from app.audit.explain import Conclusion
from app.audit.explain_run import explain
from app.audit.options import AuditOptions, Topics
from app.audit.report import Report
from app.audit.run import OnProgress, audit
from app.audit.step import Step
from app.connection import security_options
from app.settings import Settings

SETTLE_SECONDS = 6.0


async def audit_installation(
    settings: Settings,
    settle_seconds: float = SETTLE_SECONDS,
    progress: OnProgress | None = None,
    *,
    state: bool = False,
) -> Report:
    """Recount the source log of an installation and compare every published board. Raises AuditError.

    `state` asks for the rows of the state changelog to be compared too.
    """
    options = audit_options(settings, settle_seconds, state=state)
    return await audit(settings.broker, options, progress, security_options(settings))


def explain_board(settings: Settings, key: str, member: str | None = None) -> AsyncIterator[Step | Conclusion]:
    """Yield the source records that make up a board, or one member of it, and last what they come to.

    Raises KeyProblem if there is no such board, and AuditError.
    """
    return explain(settings.broker, audit_options(settings), key, member, security_options(settings))


def audit_options(settings: Settings, settle_seconds: float = SETTLE_SECONDS, *, state: bool = False) -> AuditOptions:
    """Return what an audit has to be told of the settings."""
    return AuditOptions(
        topics=Topics.named(settings.topic_prefix, settings.app_id),
        partitions=settings.partitions,
        partitioner=settings.partitioner,
        horizon_ms=settings.horizon_seconds * 1000,
        time_zone=settings.time_zone,
        top_n=settings.top_n,
        settle_seconds=settle_seconds,
        state=state,
        big_gift=settings.big_gift,
    )
