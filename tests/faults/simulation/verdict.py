"""Is what a sequence left behind exact? Against the recount, against an undisturbed run, and row by row."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from schemas.dead_letter import HEADER_PREFIX
from schemas.replaced import NEVER_A_BOARD
from tests.agents.in_process import NAMES, TOPICS, Pipeline
from tests.faults.simulation.events import PARTITIONS
from tests.faults.simulation.model import Asked, Model, probes
from tests.faults.simulation.sequence import Sequence

BOARDS: Final = tuple(NAMES.boards.values())


def findings(sequence: Sequence) -> list[str]:
    """Return what is wrong, in words; nothing if all is exact."""
    model = Model(sequence)
    return [
        *_audited(sequence.pipeline),
        *_revisions(sequence.pipeline),
        *_published(sequence.pipeline, model.pipeline),
        *_refused(sequence.pipeline, model.pipeline),
        *_rows(sequence, model),
    ]


def _audited(pipeline: Pipeline) -> Iterator[str]:
    """Every board ever published is that of the recount at its position, and none is missing."""
    report = pipeline.audit()
    for found in report.findings:
        yield f"audit: {found.kind} {found.topic} {found.key}: {found.detail}"
    if not report.checked:
        yield "audit: nothing could be checked"
    ledger, counts = pipeline.ledger(), report.records
    told = ledger.counted, ledger.unchanged, ledger.duplicates, ledger.dead_lettered, ledger.late
    expected = counts.counted, counts.unchanged, counts.duplicates, sum(counts.dead_lettered.values()), counts.late
    if told != expected:
        yield f"ledger: counted, unchanged, duplicates, dead-lettered, late: expected {expected}, found {told}"


def _revisions(pipeline: Pipeline) -> Iterator[str]:
    """No revision falls, one revision names one value, to the byte, and a board of streams ends but once."""
    ended = set()
    for topic in BOARDS:
        revisions: dict[bytes | None, int] = {}
        values: dict[tuple[bytes | None, int], bytes] = {}
        for _, record in pipeline.records(topic):
            if topic == TOPICS.streams and record.key in ended:
                yield f"revision: {topic} {record.key!r}: its tombstone was followed by {record.value!r}"
            if record.value is None:
                ended |= {record.key} - {NEVER_A_BOARD}
                continue
            revision = json.loads(record.value)["revision"]
            if revision < revisions.get(record.key, 0):
                yield f"revision: {topic} {record.key!r}: {revisions[record.key]} was followed by {revision}"
            revisions[record.key] = revision
            if values.setdefault((record.key, revision), record.value) != record.value:
                yield f"revision: {topic} {record.key!r}: {revision} names two values"


def _published(pipeline: Pipeline, model: Pipeline) -> Iterator[str]:
    """The newest value of each key is that of the undisturbed run."""
    for topic in (*BOARDS, TOPICS.spikes):
        found, expected = pipeline.latest(topic), model.latest(topic)
        yield from _different(f"published: {topic}", expected, found)


def _refused(pipeline: Pipeline, model: Pipeline) -> Iterator[str]:
    """Dead letters, distinct by source position, are exactly the bad records, with their bytes."""
    found, expected = _letters(pipeline), _letters(model)
    yield from _different("dead letters", expected, found)


def _letters(pipeline: Pipeline) -> dict[str, set[tuple[object, ...]]]:
    letters: dict[str, set[tuple[object, ...]]] = {}
    for partition, record in pipeline.records(TOPICS.dead_letters):
        headers = dict(record.headers)
        place = f"{partition}:{headers[HEADER_PREFIX + 'offset'].decode()}"
        letters.setdefault(place, set()).add((record.key, record.value, *sorted(headers.items())))
    return letters


def _rows(sequence: Sequence, model: Model) -> Iterator[str]:
    """A machine restored from the changelog answers whatever it is asked as one of the undisturbed run does."""
    for number in range(PARTITIONS):
        source = sequence.broker.records(NAMES.source, number)[:-1]
        found = Asked(sequence.pipeline, number, sequence.middle[number])
        expected = Asked(sequence.pipeline, number, model.middle[number])
        asking = probes(source, max(found.position, expected.position))
        for machine in (expected, found):
            machine.feed(asking)
            machine.listen(asking[-1].timestamp)
        yield from _different(f"rows of partition {number}", _told(expected), _told(found))
        if found.refused != expected.refused:
            yield f"rows of partition {number}: other records are refused"


def _told(machine: Asked) -> dict[str, bytes]:
    return {f"{topic} {key}": value for (topic, key), value in machine.answers.items()}


def _different(what: str, expected: Mapping[str, object], found: Mapping[str, object]) -> Iterator[str]:
    for key in sorted(expected.keys() | found.keys()):
        if expected.get(key) != found.get(key):
            yield f"{what}: {key}: expected {expected.get(key)!r}, found {found.get(key)!r}"
