"""A histogram that counts many equal observations at once is one as the library's."""

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest

from app.histogram import Weighted

BOUNDS = (0.5, 1.0, 2.5)


def test_weighted_observations_look_as_if_each_had_been_made() -> None:
    disable_created_metrics()  # type: ignore[no-untyped-call]
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    weighted = Weighted("latency_seconds", "Latency", "board", ("a", "b"), BOUNDS, ours)
    library = Histogram("latency_seconds", "Latency", ("board",), buckets=BOUNDS, registry=theirs)
    library.labels("a")
    library.labels("b")
    for seconds, weight in ((0.25, 3), (0.5, 1), (2.5, 2), (64.0, 5), (0.25, 0)):
        weighted.observe("b", seconds, weight)
        for _ in range(weight):
            library.labels("b").observe(seconds)
    assert generate_latest(ours) == generate_latest(theirs)
