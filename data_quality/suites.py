"""Suites asked of a closed build with Great Expectations, and their pages. The only module that imports it.

Importing Great Expectations costs some five seconds and 250 MB, so a night runs this module as a process of its own,
which begins to import while the night is still loading: `python -m data_quality.suites`.
"""

from __future__ import annotations

import math
import os
import pickle
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from data_quality.data_docs import PageLink, write_index, write_page
from data_quality.duckdb_dialect import NAME, register
from data_quality.expected import Assignment, Expected, Question, Suite
from sql.checks import CheckResult
from sql.quoting import identifier, literal
from sql.warehouse import connect

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult, ExpectationValidationResult
    from great_expectations.expectations.expectation import Expectation

_MEMORY = ":memory:judged"


def judge(assignment: Assignment) -> list[CheckResult]:
    """Asks every suite of the build, writes the pages, and returns a result for each expectation.

    Raises what Great Expectations raised when an expectation could not be asked: it never reports "failed" for that.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    register()
    with connect(assignment.memory_limit, assignment.threads, _MEMORY) as connection:
        _prepare(connection, assignment)
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        source = context.data_sources.add_sql("build", connection_string=f"{NAME}:///{_MEMORY}")
        judged = [_judge_suite(source, place, suite, assignment.pages) for place, suite in enumerate(assignment.suites)]
    links = [_link(suite, results) for suite, results in zip(assignment.suites, judged, strict=True)]
    write_index(assignment.pages, links)
    return [result for results in judged for result in results]


def _prepare(connection: duckdb.DuckDBPyConnection, assignment: Assignment) -> None:
    """Attaches the build, read-only; each suite's rows get a name: few ones are copied, others stay where they are."""
    connection.execute(f"attach {literal(str(assignment.crm))} as crm (read_only)")
    for place, suite in enumerate(assignment.suites):
        kind = "table" if suite.keep else "view"
        connection.execute(f"create {kind} {identifier(_batch_name(place))} as {suite.rows}")


def _batch_name(place: int) -> str:
    return f"suite_{place}"


def _judge_suite(source: Any, place: int, suite: Suite, pages: Path) -> list[CheckResult]:
    import great_expectations as gx

    begun = time.perf_counter()
    asset = source.add_table_asset(suite.title, table_name=_batch_name(place))
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    asked = gx.ExpectationSuite(suite.title, expectations=[_expectation(expected) for expected in suite.expected])
    answers = batch.validate(asked, result_format="BASIC")
    by_name = {answer.expectation_config.meta["name"]: answer for answer in answers.results}
    seconds = round((time.perf_counter() - begun) / len(suite.expected), 3)
    results = [_result(suite, expected, by_name[expected.name], seconds) for expected in suite.expected]
    write_page(
        pages, place, suite.title, [result.sample for result in results if not result.passed], _sections(answers)
    )
    return results


def _link(suite: Suite, results: Sequence[CheckResult]) -> PageLink:
    return PageLink(suite.title, len(results), [result.sample for result in results if not result.passed])


def _expectation(expected: Expected) -> Expectation:
    """Great Expectations' own expectation of each question; bounds that are not asked for stay open."""
    from great_expectations import expectations as gxe

    meta = {"name": expected.name}
    column, low, high = expected.column, expected.low, expected.high
    match expected.question:
        case Question.COLUMNS:
            return gxe.ExpectTableColumnsToMatchOrderedList(column_list=list(expected.words), meta=meta)
        case Question.NO_ROWS:
            return gxe.UnexpectedRowsExpectation(unexpected_rows_query=expected.sql, meta=meta)
        case Question.WORDS:
            return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=list(expected.words), meta=meta)
        case Question.MEDIAN:
            return gxe.ExpectColumnMedianToBeBetween(column=column, min_value=low, max_value=high, meta=meta)
        case Question.FILLED:
            return gxe.ExpectColumnProportionOfNonNullValuesToBeBetween(column=column, min_value=low, meta=meta)
        case Question.ROWS:
            return gxe.ExpectTableRowCountToBeBetween(min_value=math.ceil(low or 0), meta=meta)
        case Question.MINIMUM:
            return gxe.ExpectColumnMinToBeBetween(column=column, max_value=high, meta=meta)


def _result(suite: Suite, expected: Expected, answer: ExpectationValidationResult, seconds: float) -> CheckResult:
    """What the expectation found; an expectation that could not be asked raises."""
    if error := _error(answer.exception_info or {}):
        raise RuntimeError(f"{expected.name} of {suite.table} could not be asked: {error}")
    passed = bool(answer.success)
    answered = answer.result or {}
    found = answered.get("partial_unexpected_list" if expected.question is Question.WORDS else "observed_value")
    failing = found if expected.question is Question.NO_ROWS else answered.get("unexpected_count")
    told = "" if passed else expected.told.replace("{found}", _shown(expected, found))
    return CheckResult(
        suite.table,
        expected.name,
        "expectation",
        expected.severity,
        passed,
        0 if passed else int(failing or 1),
        told,
        seconds,
    )


def _error(info: dict[str, Any]) -> str:
    """The message of what was raised: the dictionary holds it directly, or one such dictionary a metric."""
    for part in (info, *(value for value in info.values() if isinstance(value, dict))):
        if part.get("raised_exception"):
            return str(part.get("exception_message"))
    return ""


def _shown(expected: Expected, found: Any) -> str:
    if found is None:
        return "nothing"
    if expected.question is Question.FILLED:
        return f"{found:.0%}"
    if expected.question is Question.WORDS:
        return ", ".join(sorted({str(word) for word in found}))
    if isinstance(found, list):
        return ", ".join(map(str, found))
    return f"{found:,.0f}"


def _sections(answers: ExpectationSuiteValidationResult) -> list[str]:
    """The parts of a page of Data Docs, as Great Expectations renders them, without its frame of remote scripts."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaSectionView

    page = ValidationResultsPageRenderer(run_info_at_end=True).render(answers).to_json_dict()
    view = DefaultJinjaSectionView()
    return [
        view.render({"section": section, "section_loop": {"index": place}})
        for place, section in enumerate(page["sections"], start=1)
    ]


def main() -> None:
    """Imports Great Expectations, then does the one assignment that comes on standard input, and answers with pickles.

    Who asks may die at any moment: the end of standard input, whenever it comes, ends this process at once.
    """
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    import great_expectations  # noqa: F401

    try:
        assignment = pickle.load(sys.stdin.buffer)
    except EOFError:
        return
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    pickle.dump(judge(assignment), answer)
    answer.close()


def _end_with_standard_input() -> None:
    """Reads the descriptor: a thread that holds the lock of `sys.stdin` would break this process's own orderly end."""
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
