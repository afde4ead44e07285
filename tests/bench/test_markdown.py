"""The benchmark's page shows the results that are kept."""

import pytest

from tests.bench import results
from tests.bench.markdown import BEGIN, END, PAGE, tables, with_tables
from tests.bench.results import Result


def test_the_page_shows_what_results_json_says() -> None:
    page = PAGE.read_text("utf-8")
    assert with_tables(page, results.read()) == page


def test_a_job_shows_only_the_columns_it_fills() -> None:
    found = [
        Result("recovery", "b", rows=5, rows_per_second=2000.0),
        Result("recovery", "giftstream", rows=5, rows_per_second=3000.0),
    ]
    assert tables(found) == (
        "**recovery**\n\n| shape |  | figures |\n| --- | --- | --- |\n"
        "| many | **giftstream** | 5 rows, 3,000 rows/s |\n| many | b | 5 rows, 2,000 rows/s |\n"
    )


def test_what_stood_there_is_replaced() -> None:
    found = [Result("totals", "a", missing="no JDK")]
    page = f"Before\n{BEGIN}old\n{END}after\n"
    assert with_tables(page, found) == f"Before\n{BEGIN}\n{tables(found)}\n{END}after\n"
    assert "missing: no JDK" in tables(found)


def test_a_page_without_a_place_is_an_error() -> None:
    with pytest.raises(ValueError, match="no place for results"):
        with_tables("Nothing", [])
