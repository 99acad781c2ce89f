"""Bulk API 2.0: a query is handed in, runs on their side, and its result is fetched in pages of CSV.

One job a window, however many records it has: Salesforce itself cuts it into chunks by primary key, keeps the result
unchanged for seven days, and any page of it can be asked for again. So a crash goes on within the job, nothing shifts
between pages, and thousands of records of one instant need no special care. `queryAll` because plain queries hide
deleted records and activities that are older than a year.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.sources.extraction.faults import ExpiredError, ExtractionError, GarbledError
from pipelines.sources.extraction.pages import Page, Resume
from pipelines.sources.salesforce.account import Account
from pipelines.sources.salesforce.csv_pages import is_whole, rows_in
from pipelines.sources.salesforce.refusals import Said, refusal

_JOBS = "/jobs/query"
_RECORDS_A_PAGE = 50_000
_FIRST_GAP_SECONDS = 1.0
_LONGEST_GAP_SECONDS = 30.0
_LEAST_PATIENCE_SECONDS = 7200.0


def create_job(account: Account, query: str, needs: str) -> str:
    """Hands the query in; the job's id. Raises NoBulkError where Bulk does not know the object."""
    order = {
        "operation": "queryAll",
        "query": query,
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    return str(account.json("POST", _JOBS, payload=order, needs=needs, expects=_is_job).value["id"])


def wait_for(account: Account, job: str, needs: str) -> int:
    """Returns when the result is ready: how many records it has.

    A large job runs for many minutes on their side, so the patience here is at least two hours.
    """
    waited, gap = 0.0, _FIRST_GAP_SECONDS
    while True:
        known = _job(account, job, needs)
        if known["state"] == "JobComplete":
            return int(known.get("numberRecordsProcessed") or 0)
        if known["state"] in ("Failed", "Aborted"):
            raise _failed(known, needs)
        if waited >= max(account.patience_seconds, _LEAST_PATIENCE_SECONDS):
            raise ExtractionError(
                f"Salesforce's job {job} is still {known['state']} after {waited:,.0f} seconds ({needs})",
                "Wait, or shorten the first load with `api.first_load_from`; the window stays open.",
            )
        account.pause(gap)
        waited, gap = waited + gap, min(gap * 2, _LONGEST_GAP_SECONDS)


def total_of(account: Account, job: str, needs: str) -> int:
    """How many records a job has that was complete before. Raises ExpiredError when its result is gone."""
    known = _job(account, job, needs)
    if known["state"] != "JobComplete":
        raise ExpiredError(f"Salesforce's job {job} is {known['state']}", "Its window starts anew by itself.")
    return int(known.get("numberRecordsProcessed") or 0)


def results(account: Account, job: str, locator: str | None, total: int, needs: str) -> Iterator[Page]:
    """The pages of a complete job after the one that led to `locator`; an empty page may be followed by more."""
    while True:
        params: dict[str, Any] = {"maxRecords": _RECORDS_A_PAGE, **({"locator": locator} if locator else {})}
        answer = account.csv(f"{_JOBS}/{job}/results", params=params, needs=needs, expects=is_whole)
        following = _locator(answer.headers.get("Sforce-Locator"))
        if following is not None and following == locator:
            raise GarbledError(
                f"Salesforce's job {job} leads from page {locator} to itself ({needs})",
                "Report it with this message; the cursor did not move.",
            )
        resume: Resume | None = None if following is None else {"job": job, "locator": following}
        yield Page(answer.body, rows_in(answer.body) or 0, resume, total)
        if following is None:
            return
        locator = following


def _locator(said: str | None) -> str | None:
    """The end is said in three ways: the word null, nothing, or no header."""
    return None if said is None or said.strip().lower() in ("", "null") else said.strip()


def _job(account: Account, job: str, needs: str) -> dict[str, Any]:
    known: dict[str, Any] = account.json("GET", f"{_JOBS}/{job}", needs=needs, expects=_is_job).value
    return known


def _is_job(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("id"), str) and isinstance(value.get("state"), str)


def _failed(known: dict[str, Any], needs: str) -> ExtractionError:
    """Why a job failed: its message opens with an error code where the reason is known."""
    message = str(known.get("errorMessage") or "no reason given")
    code, _, rest = message.partition(":")
    return refusal(Said(code.strip(), rest.strip()), needs) or ExtractionError(
        f"Salesforce's job {known['id']} ended as {known['state']}: {message[:300]} ({needs})",
        "The window stays open and is asked for again; if it repeats, shorten the first load with `api.first_load_from`.",
    )
