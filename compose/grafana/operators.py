"""The dashboard of those who keep it running: is it fast, is it whole, and where does the time go."""

from typing import Final

from compose.grafana.panels import RATE, Graph, Row, board, quantile, rate

_SLOW: Final = (
    f'sum(rate(giftstream_emit_latency_seconds_bucket{{le="2.5"}}[{RATE}]))'
    f" / sum(rate(giftstream_emit_latency_seconds_count[{RATE}]))"
)

OBJECTIVE: Final = Row(
    "Is it fast",
    [
        Graph(
            "Within the objective",
            "Gifts on readable boards within 2.5 s; 99% are promised",
            {"": _SLOW},
            "percentunit",
            "stat",
            6,
        ),
        Graph(
            "Event to board",
            "From the gift to the ack of its boards, by board",
            {
                "median {{board}}": quantile(0.5, "emit_latency_seconds", "board"),
                "p99 {{board}}": quantile(0.99, "emit_latency_seconds", "board"),
            },
            "s",
            width=9,
        ),
        Graph(
            "Before giftstream",
            "From the gift to its append: platform and producer",
            {
                "p99": quantile(0.99, "ingest_delay_seconds"),
            },
            "s",
            width=9,
        ),
        Graph(
            "Lag, time",
            "Age of the last record read, where more wait",
            {
                "{{partition}}": "max by (partition) (giftstream_consumer_lag_seconds)",
            },
            "s",
        ),
        Graph(
            "Lag, records",
            "Records not read yet",
            {
                "{{partition}}": "max by (partition) (giftstream_consumer_lag_records)",
            },
        ),
        Graph(
            "Watermark, age",
            "How far each partition is in event time; grows on an idle one",
            {
                "{{partition}}": "time() - max by (partition) (giftstream_watermark_timestamp_seconds)",
            },
            "s",
        ),
    ],
)

WHOLE: Final = Row(
    "Is it right",
    [
        Graph(
            "Drift",
            "Boards that a self-check found to differ from the log; must be 0",
            {
                "": "sum(giftstream_self_check_drift_total)",
            },
            kind="stat",
            width=4,
        ),
        Graph(
            "Self-checks, a day",
            "Boards counted again from the log",
            {
                "{{result}}": "sum by (result) (increase(giftstream_self_checks_total[1d]))",
            },
            kind="stat",
            width=4,
        ),
        Graph(
            "What became of the records",
            "Late ones count in all windows but 1m",
            {
                "{{outcome}}": rate("events_processed", "outcome"),
                "read": rate("events_received"),
            },
            "ops",
        ),
        Graph(
            "Refused",
            "Records refused, and dead letters acked, by reason",
            {
                "{{reason}}": rate("events_rejected", "reason"),
                "letter: {{reason}}": rate("dead_letters", "reason"),
            },
            "ops",
        ),
        Graph(
            "Duplicates and late ones",
            "Ids that were seen before; dropped: older than the horizon",
            {
                "duplicates": rate("events_deduplicated"),
                "late, {{action}}": rate("events_late", "action"),
            },
            "ops",
            width=12,
        ),
        Graph(
            "Boards",
            "Values and tombstones acked",
            {
                "{{board}} {{result}}": rate("leaderboard_updates", "board, result"),
            },
            "ops",
            width=12,
        ),
    ],
)

WORKERS: Final = Row(
    "The workers",
    [
        Graph("Ready", "Workers that count", {"": "sum(giftstream_worker_ready)"}, kind="stat", width=4),
        Graph(
            "Versions",
            "Workers by version",
            {
                "{{version}} {{revision}}": "count by (version, revision) (giftstream_build_info)",
            },
            kind="stat",
            width=4,
        ),
        Graph(
            "Partitions",
            "Owned, by worker",
            {
                "{{instance}}": "sum by (instance) (giftstream_partitions_assigned)",
            },
        ),
        Graph(
            "Rebalances and restarts",
            "In each, counting stands still",
            {
                "rebalances {{instance}}": f"sum by (instance) (increase(giftstream_rebalances_total[{RATE}]))",
                "restarts {{instance}}": 'changes(process_start_time_seconds{job="giftstream"}[10m])',
            },
        ),
        Graph(
            "Recovery",
            "Mean time of a recovery, and of each part of a rebalance, since the start",
            {
                "recovery {{instance}}": "giftstream_table_recovery_duration_seconds_sum"
                " / giftstream_table_recovery_duration_seconds_count",
                "{{phase}} {{instance}}": "giftstream_rebalance_duration_seconds_sum"
                " / giftstream_rebalance_duration_seconds_count",
            },
            "s",
        ),
        Graph(
            "Memory",
            "Resident, by worker",
            {
                "{{instance}}": 'process_resident_memory_bytes{job="giftstream"}',
            },
            "bytes",
        ),
        Graph(
            "Processor",
            "Cores, by worker; one is the most",
            {
                "{{instance}}": f'rate(process_cpu_seconds_total{{job="giftstream"}}[{RATE}])',
            },
        ),
        Graph(
            "Rows",
            "Held by family, and ids remembered",
            {
                "{{table}}": "sum by (table) (giftstream_table_keys)",
                "ids": "sum(giftstream_dedup_cache_entries)",
            },
            width=24,
        ),
    ],
)

TIME: Final = Row(
    "Where the time goes",
    [
        Graph(
            "Folding",
            "One run of records",
            {
                "p99": quantile(0.99, "event_processing_duration_seconds"),
            },
            "s",
            width=6,
        ),
        Graph(
            "Commit", "One run of state until acked", {"p99": quantile(0.99, "commit_duration_seconds")}, "s", width=6
        ),
        Graph(
            "Flush",
            "One run with its dead letters and boards",
            {
                "p99": quantile(0.99, "flush_duration_seconds"),
            },
            "s",
            width=6,
        ),
        Graph(
            "Produce",
            "One batch until acked, by topic",
            {
                "p99 {{topic}}": quantile(0.99, "produce_duration_seconds", "topic"),
            },
            "s",
            width=6,
        ),
    ],
)

OPERATORS: Final = board(
    "giftstream-operators",
    "giftstream: operators",
    "Whether giftstream is fast, right and whole. Each alert has a section in docs/runbook.md.",
    [OBJECTIVE, WHOLE, WORKERS, TIME],
)
