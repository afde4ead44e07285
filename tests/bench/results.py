"""The results: what was measured of each contender in each job, as they are kept in results.json."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.bench.measure import Run

FILE: Final = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Result:
    """One contender in one job: medians of its runs. None is what the job does not measure.

    `spread` is the difference between the best and the worst run, as a share of the median. `missing` is why there
    are no figures.
    """

    job: str
    contender: str
    shape: str = "many"
    records: int | None = None
    runs: int = 0
    events_per_second: float | None = None
    events_per_cpu_second: float | None = None
    broker_cpu_seconds: float | None = None
    peak_rss_mb: float | None = None
    spread: float | None = None
    rate: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    p999_ms: float | None = None
    rows: int | None = None
    rows_per_second: float | None = None
    bytes_per_row: float | None = None
    note: str = ""
    missing: str = ""


def of_runs(job: str, contender: str, shape: str, runs: Sequence[Run], note: str = "") -> Result:
    """Return the medians of at least one run."""
    rates = [run.events_per_second for run in runs]
    return Result(
        job,
        contender,
        shape,
        records=runs[0].records,
        runs=len(runs),
        events_per_second=round(statistics.median(rates)),
        events_per_cpu_second=round(statistics.median(run.events_per_cpu_second for run in runs)),
        broker_cpu_seconds=round(statistics.median(run.broker_cpu_seconds for run in runs), 1),
        peak_rss_mb=round(statistics.median(run.peak_bytes for run in runs) / 2**20),
        spread=spread(rates),
        note=note,
    )


def spread(values: Sequence[float]) -> float:
    """Return the difference between the largest and the smallest, as a share of the median."""
    return round((max(values) - min(values)) / statistics.median(values), 3)


def write(results: Sequence[Result], path: Path = FILE) -> None:
    """Keep the results as a list of objects, without what was not measured."""
    objects = [{name: value for name, value in asdict(one).items() if value not in (None, "")} for one in results]
    path.write_text(json.dumps(objects, indent=1) + "\n", "utf-8")


def read(path: Path = FILE) -> list[Result]:
    """Return the results that were kept."""
    return [Result(**one) for one in json.loads(path.read_text("utf-8"))]
