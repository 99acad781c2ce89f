"""The pages of a plain list: from the beginning, or after any of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from pipelines.sources.extraction.pages import Page, Resume, Window
from pipelines.sources.pipedrive.answers import ids_of, line_of, next_cursor, next_start, records_of
from pipelines.sources.pipedrive.asking import Pipedrive
from pipelines.sources.pipedrive.endpoints import Endpoint


def list_pages(pipedrive: Pipedrive, endpoint: Endpoint, window: Window, resume: Resume | None) -> Iterator[Page]:
    """Every page; `resume` is {cursor} or {start}."""
    at: Resume | None = resume or {}
    while at is not None:
        page = _page_at(pipedrive, endpoint, window, at)
        yield page
        at = page.resume


def _page_at(pipedrive: Pipedrive, endpoint: Endpoint, window: Window, at: Resume) -> Page:
    listing, scope = endpoint.listings[0], endpoint.wanted.scope
    cursor, start = at.get("cursor"), int(at.get("start") or 0)
    asked = bounds_of(window) if endpoint.wanted.kind == "changes" else {}
    if endpoint.paging == "cursor":
        asked |= {"limit": endpoint.page_size, "cursor": _text(cursor)} | IN_ORDER
    elif endpoint.paging == "start":
        asked |= {"limit": endpoint.page_size, "start": start}
    answer = pipedrive.get(listing.path, listing.params | asked, scope=scope, tokens=listing.tokens)
    following: Resume | None = None
    if endpoint.paging == "cursor" and (after := next_cursor(answer, _text(cursor))) is not None:
        following = {"cursor": after}
    elif endpoint.paging == "start" and (place := next_start(answer, start)) is not None:
        following = {"start": place}
    body = ids_of(answer) if endpoint.wanted.kind == "ids" else line_of(answer)
    return Page(body, len(records_of(answer)), following)


IN_ORDER: dict[str, str | int | None] = {"sort_by": "id", "sort_direction": "asc"}
"""An id never changes: a record that is edited while it is paged moves no other across the border of a page, as it
would in the order of `update_time`. A window is fetched whole or not at all, so its order is nobody's business."""


def bounds_of(window: Window) -> dict[str, str | int | None]:
    """The window's bounds, widened to whole seconds: `updated_since` is inclusive, `updated_until` exclusive."""
    until = window.until if window.until.microsecond == 0 else window.until + timedelta(seconds=1)
    return {"updated_since": _second(window.since), "updated_until": _second(until)}


def _second(at: datetime | None) -> str | None:
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
