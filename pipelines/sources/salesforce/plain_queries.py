"""REST queries for small tables and for objects that Bulk does not know; the pages are kept as the CSV that Bulk sends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipelines.sources.extraction.pages import Page, Resume
from pipelines.sources.salesforce.account import Account
from pipelines.sources.salesforce.csv_pages import page_of


def query_pages(account: Account, query: str, columns: Sequence[str], after: str | None, needs: str) -> Iterator[Page]:
    """The pages of a query, or those after the page that led to `after`; deleted and archived records too."""
    while True:
        if after is None:
            answer = account.json("GET", "/queryAll", params={"q": query}, needs=needs, expects=_is_page)
        else:
            answer = account.json("GET", after, needs=needs, expects=_is_page)
        after = answer.value.get("nextRecordsUrl")
        resume: Resume | None = None if after is None else {"next": after}
        records = answer.value["records"]
        yield Page(page_of(columns, records), len(records), resume, answer.value.get("totalSize"))
        if after is None:
            return


def _is_page(value: Any) -> bool:
    """A page has its records, and says either that it is the last or where the next is."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("records"), list)
        and (value.get("done") is True) == (value.get("nextRecordsUrl") is None)
    )
