"""What is shown of an audit, and the exit code."""

from io import StringIO

from rich.console import Console

from app.audit.report import Finding, Report


def shown(report: Report) -> str:
    out = StringIO()
    Console(file=out, width=200).print(report.render())
    return out.getvalue()


def drifted(findings: int) -> Report:
    report = Report(positions={0: 7})
    report.boards["totals"].checked = 12_345
    drift = [Finding("missing", "stream-totals.v1", f"key{n}", "why") for n in range(findings)]
    report.boards["totals"].drift.extend(drift)
    return report


def test_an_exact_report() -> None:
    report = drifted(0)
    assert (report.exit_code(), report.is_exact) == (0, True)
    assert "12,345" in shown(report)
    assert "exact: 12345 published boards compared" in shown(report)


def test_findings_are_shown_with_their_key() -> None:
    assert "missing  stream-totals.v1  key0  why" in shown(drifted(1))
    assert "drift: 1 finding\n" in shown(drifted(1)).replace(" \n", "\n")


def test_many_findings_are_cut_short_on_a_terminal_and_whole_in_json() -> None:
    assert "and 5 more" in shown(drifted(25))
    assert len(drifted(25).as_dict()["boards"]["totals"]["drift"]) == 25


def test_plain_values() -> None:
    plain = drifted(1).as_dict()
    assert (plain["exact"], plain["drift"], plain["positions"]) == (False, 1, {"0": 7})
    assert plain["boards"]["totals"]["drift"][0] == {
        "kind": "missing",
        "topic": "stream-totals.v1",
        "key": "key0",
        "detail": "why",
    }
    assert plain["records"]["counted"] == 0
