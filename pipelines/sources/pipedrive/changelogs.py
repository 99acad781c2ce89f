"""What happened to each deal: the deals that changed in the window, then the changelog of each, page by page.

One page of a changelog is one line, `{"deals": [{"deal_id": 17, "page": <the response>}]}`, since the response itself does not say
whose it is. Archived deals have one too. All deals that changed are asked, not only those whose stage did: a deal that
only now became visible to the token's user brings stage changes from long ago.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.sources.extraction.faults import ExpiredError
from pipelines.sources.extraction.pages import Page, Resume, Window
from pipelines.sources.extraction.polite import Answer
from pipelines.sources.pipedrive.answers import is_list_with_ids, line_of, next_cursor, records_of
from pipelines.sources.pipedrive.asking import Pipedrive
from pipelines.sources.pipedrive.endpoints import CHANGELOG_TOKENS, V1, Endpoint
from pipelines.sources.pipedrive.listing import IN_ORDER, bounds_of

NOTHING_MORE = b'{"deals": []}'
"""The last line: until the last list was read it is not known which changelog is the last."""


def changelog_pages(pipedrive: Pipedrive, endpoint: Endpoint, window: Window, resume: Resume | None) -> Iterator[Page]:
    """`resume` is {part, cursor, deal, inside}: the list and page of deals, the deal read last, its next page if any."""
    at: Resume | None = resume or {"part": 0}
    while at is not None:
        answer = _deals_at(pipedrive, endpoint, window, at)
        yield from _changelogs(pipedrive, [deal["id"] for deal in records_of(answer)], at)
        at = _after(endpoint, answer, at)
    yield Page(NOTHING_MORE, 0, None)


def _deals_at(pipedrive: Pipedrive, endpoint: Endpoint, window: Window, at: Resume) -> Answer:
    listing = endpoint.listings[_part(at)]
    asked = bounds_of(window) | {"limit": endpoint.page_size, "cursor": _cursor(at)} | IN_ORDER
    scope = endpoint.wanted.scope
    return pipedrive.get(listing.path, asked, scope=scope, tokens=listing.tokens, expects=is_list_with_ids)


def _after(endpoint: Endpoint, answer: Answer, at: Resume) -> Resume | None:
    """The next page of deals, in this list or the next one."""
    part = _part(at)
    if (cursor := next_cursor(answer, _cursor(at))) is not None:
        return {"part": part, "cursor": cursor}
    return {"part": part + 1} if part + 1 < len(endpoint.listings) else None


def _changelogs(pipedrive: Pipedrive, deals: list[int], at: Resume) -> Iterator[Page]:
    """The changelogs of one page of deals, which come in the order of their ids, from the deal that `at` names on."""
    done, inside = int(at.get("deal") or 0), at.get("inside")
    here: dict[str, str | int | bool | None] = {"part": _part(at), "cursor": _cursor(at)}
    if isinstance(inside, str):
        yield from _changelog(pipedrive, done, inside, here)
    for deal in deals:
        if deal > done:
            yield from _changelog(pipedrive, deal, None, here)


def _changelog(
    pipedrive: Pipedrive, deal: int, cursor: str | None, here: dict[str, str | int | bool | None]
) -> Iterator[Page]:
    while True:
        try:
            answer = pipedrive.get(
                f"{V1}/deals/{deal}/changelog",
                {"limit": 500, "cursor": cursor},
                scope="deals:read",
                tokens=CHANGELOG_TOKENS,
            )
        except ExpiredError:
            if cursor is not None:
                raise
            return  # the deal is gone since it was listed: it has no changelog any more
        following = next_cursor(answer, cursor)
        body = b'{"deals": [{"deal_id": %d, "page": %b}]}' % (deal, line_of(answer))
        yield Page(body, len(records_of(answer)), here | {"deal": deal, "inside": following})
        if following is None:
            return
        cursor = following


def _part(at: Resume) -> int:
    return int(at.get("part") or 0)


def _cursor(at: Resume) -> str | None:
    cursor = at.get("cursor")
    return cursor if isinstance(cursor, str) else None
