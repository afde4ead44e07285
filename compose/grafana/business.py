"""The dashboard of those who run the platform: what is given. No stream, gifter or gift has a series of its own."""

from typing import Final

from compose.grafana.panels import RATE, Graph, Row, board, rate

_STREAMS: Final = "sum(giftstream_active_streams)"

NOW: Final = Row(
    "Now",
    [
        Graph("Streams live", "Streams that were given to within two hours", {"": _STREAMS}, kind="stat", width=6),
        Graph(
            "Value a minute",
            "In each unit; units are never added together",
            {
                "{{unit}}": f"60 * {rate('gift_value', 'unit')}",
            },
            kind="stat",
            width=9,
        ),
        Graph(
            "Gifts a minute", "Sends, by unit", {"{{unit}}": f"60 * {rate('gift_sends', 'unit')}"}, kind="stat", width=9
        ),
        Graph("Value a second", "Native units", {"{{unit}}": rate("gift_value", "unit")}, width=12),
        Graph("Gifts a second", "Sends, by unit", {"{{unit}}": rate("gift_sends", "unit")}, "ops", width=12),
    ],
)

EXCITEMENT: Final = Row(
    "Excitement",
    [
        Graph(
            "Spikes an hour",
            "Many gifters at once",
            {
                "spikes": 'sum(increase(giftstream_spikes_detected_total{kind="spike"}[1h]))',
            },
            kind="stat",
            width=6,
        ),
        Graph(
            "Big gifts an hour",
            "Single gifts above the threshold of their unit",
            {
                "big gifts": 'sum(increase(giftstream_spikes_detected_total{kind="big_gift"}[1h]))',
            },
            kind="stat",
            width=6,
        ),
        Graph(
            "Spikes and big gifts",
            "A minute",
            {
                "{{kind}}": f"60 * {rate('spikes_detected', 'kind')}",
            },
            width=12,
        ),
    ],
)

CONVERSION: Final = Row(
    "What it comes to",
    [
        Graph(
            "Value of a gift",
            "Mean, by unit",
            {
                "{{unit}}": f"{rate('gift_value', 'unit')} / {rate('gift_sends', 'unit')}",
            },
        ),
        Graph(
            "Value of a stream",
            "A minute, mean over live streams, by unit",
            {
                "{{unit}}": f"60 * {rate('gift_value', 'unit')} / scalar({_STREAMS})",
            },
        ),
        Graph(
            "Gifts of a stream",
            "A minute, mean over live streams",
            {
                "sends": f"60 * {rate('gift_sends')} / {_STREAMS}",
            },
        ),
        Graph(
            "Spikes of a stream",
            "An hour, mean over live streams",
            {
                "spikes": f"sum(increase(giftstream_spikes_detected_total[1h])) / {_STREAMS}",
            },
        ),
        Graph(
            "Value of the day",
            "Given in the last 24 hours, by unit",
            {
                "{{unit}}": "sum by (unit) (increase(giftstream_gift_value_total[1d]))",
            },
            kind="stat",
        ),
        Graph(
            "Seen in time",
            "Gifts on a board within 2.5 s",
            {
                "": f'sum(rate(giftstream_emit_latency_seconds_bucket{{le="2.5"}}[{RATE}]))'
                f" / sum(rate(giftstream_emit_latency_seconds_count[{RATE}]))",
            },
            "percentunit",
            "stat",
        ),
    ],
)

BUSINESS: Final = board(
    "giftstream-business",
    "giftstream: the platform",
    "What is given on all streams together. What a single stream is given is on the topics, not here.",
    [NOW, EXCITEMENT, CONVERSION],
)
