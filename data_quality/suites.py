"""Suites asked of a closed build with Great Expectations, and their pages. The only module that imports it.

Importing Great Expectations costs some five seconds and 250 MB, so a night runs this module as a process of its own,
which begins to import while the night is still loading: `python -m data_quality.suites`.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import duckdb

from data_quality.data_docs import Answer, SuitePage, write_pages
from data_quality.duckdb_dialect import NAME, register
from data_quality.expected import Assignment, Expected, Fact, Suite
from data_quality.facts import FACTS, fact_name, find_facts, name_found
from models.tables import Severity
from sql.checks import CheckResult
from sql.quoting import literal
from sql.warehouse import connect

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation import Expectation

_MEMORY = ":memory:judged"


def judge(assignment: Assignment) -> list[CheckResult]:
    """Asks every suite of the build, writes the pages, and returns a result for each expectation.

    Raises RuntimeError when an expectation could not be asked: it never reports "failed" for that.
    """
    begun = time.perf_counter()
    with connect(assignment.memory_limit, assignment.threads, _MEMORY) as connection:
        connection.execute(f"attach {literal(str(assignment.crm))} as crm (read_only)")
        find_facts(connection, assignment.suites)
        asked = [expected for suite in assignment.suites for expected in suite.expected]
        judged = iter(_judge_facts(asked))
        seconds = round((time.perf_counter() - begun) / max(len(asked), 1), 3)
        pages = [
            SuitePage(
                suite.title,
                [_answer(connection, suite, each, next(judged), seconds) for each in suite.expected],
                suite.about,
                suite.of_history,
            )
            for suite in assignment.suites
        ]
    write_pages(assignment.pages, pages, assignment.about)
    return [answer.result for page in pages for answer in page.answers]


def _judge_facts(asked: Sequence[Expected]) -> list[ExpectationValidationResult]:
    """One batch, one suite: what Great Expectations costs is the number of batches, hardly that of expectations."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    if not asked:
        return []
    register()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_sql("build", connection_string=f"{NAME}:///{_MEMORY}")
    batch = source.add_table_asset(FACTS, table_name=FACTS).add_batch_definition_whole_table("all").get_batch()
    expectations = [_expectation(place, expected) for place, expected in enumerate(asked)]
    answers = batch.validate(gx.ExpectationSuite("night", expectations=expectations), result_format="BASIC")
    by_place = {answer.expectation_config.meta["place"]: answer for answer in answers.results}
    return [by_place[place] for place in range(len(asked))]


def _expectation(place: int, expected: Expected) -> Expectation:
    """The facts are one row, so that their largest is the fact itself; a bound that is not asked for stays open."""
    from great_expectations import expectations as gxe

    meta = {"place": place, "name": expected.name}
    column, low, high = fact_name(place), expected.low, expected.high
    return gxe.ExpectColumnMaxToBeBetween(column=column, min_value=low, max_value=high, meta=meta)


def _answer(
    connection: duckdb.DuckDBPyConnection,
    suite: Suite,
    expected: Expected,
    judged: ExpectationValidationResult,
    seconds: float,
) -> Answer:
    """What the expectation found; an expectation that could not be asked raises."""
    if error := _error(judged.exception_info or {}):
        raise RuntimeError(f"{expected.name} of {suite.table} could not be asked: {error}")
    passed, number = bool(judged.success), judged.result.get("observed_value")
    found = "none" if number == 0 and expected.high == 0 else _shown(number)
    if not passed:
        found = name_found(connection, suite, expected) or found
    failing = int(number or 1) if expected.fact is Fact.BROKEN_ROWS else 1
    told = "" if passed else expected.told.replace("{found}", found)
    result = CheckResult(
        suite.table,
        expected.name,
        "expectation",
        expected.severity,
        passed,
        0 if passed else failing,
        told,
        seconds,
    )
    return Answer(expected.holds, found, result)


def _error(info: dict[str, Any]) -> str:
    """The message of what was raised: the dictionary holds it directly, or one such dictionary a metric."""
    for part in (info, *(value for value in info.values() if isinstance(value, dict))):
        if part.get("raised_exception"):
            return str(part.get("exception_message"))
    return ""


def _shown(number: float | None) -> str:
    return "nothing" if number is None else f"{number:,.0f}"


def main() -> None:
    """Imports Great Expectations, then does the one assignment that comes on standard input, and answers with pickles.

    Who asks may die at any moment: the end of standard input, whenever it comes, ends this process at once.
    """
    gc.disable()  # it lives for seconds, and a fifth of the import would be looking for cycles
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _judge_nothing()
    try:
        assignment = pickle.load(sys.stdin.buffer)
    except EOFError:
        return
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    pickle.dump(judge(assignment), answer)
    answer.close()


def _judge_nothing() -> None:
    """What Great Expectations does once a process, its import above all, is done before there is a build to wait for it."""
    with connect(name=_MEMORY) as connection:
        connection.execute(f"create table {FACTS} as select 1.0 as {fact_name(0)}")
        _judge_facts([Expected("warm", Severity.WARN, "", "", "1", Fact.NUMBER, low=1)])
        connection.execute(f"drop table {FACTS}")


def _end_with_standard_input() -> None:
    """Reads the descriptor: a thread that holds the lock of `sys.stdin` would break this process's own orderly end."""
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
