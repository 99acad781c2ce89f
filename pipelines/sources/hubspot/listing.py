"""The list endpoints: everything there is, page after page behind HubSpot's own cursor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.sources.extraction.pages import Page, Resume
from pipelines.sources.hubspot.account import Account, is_list, next_cursor
from pipelines.sources.hubspot.crm_types import CrmType
from pipelines.sources.hubspot.known_properties import KnownProperties
from pipelines.sources.hubspot.lines import line
from pipelines.sources.hubspot.linking import links_cut_off

_LIMIT, _LIMIT_WITH_HISTORY, _LIMIT_OF_OWNERS = 100, 50, 500


def listed_records(
    account: Account, known: KnownProperties, crm_type: CrmType, resume: Resume | None, is_archived: bool = False
) -> Iterator[Page]:
    """All records of a type, with their links and the history of stages; archived ones are a list of their own."""
    params: dict[str, Any] = {
        "limit": _LIMIT_WITH_HISTORY if crm_type.history else _LIMIT,
        "properties": ",".join(crm_type.properties),
        "archived": _word(is_archived),
    }
    if crm_type.associations and not is_archived:
        params["associations"] = ",".join(crm_type.associations)
    if crm_type.history:
        params["propertiesWithHistory"] = ",".join(crm_type.history)
    for body, records, after in _pages(
        account, account.objects_path(crm_type.name), params, crm_type.scope, _after(resume)
    ):
        known.check(crm_type, records)
        beside = links_cut_off(account, crm_type, records)
        yield Page(line(body, crm_type, records, **beside), len(records), None if after is None else {"after": after})


def listed_ids(account: Account, crm_type: CrmType, resume: Resume | None) -> Iterator[Page]:
    """The ids of all records that are not archived, with the fewest properties."""
    params = {"limit": _LIMIT, "properties": "hs_object_id", "archived": "false"}
    for body, records, after in _pages(
        account, account.objects_path(crm_type.name), params, crm_type.scope, _after(resume)
    ):
        yield Page(line(body), len(records), None if after is None else {"after": after})


def listed_owners(account: Account, scope: str, resume: Resume | None) -> Iterator[Page]:
    """The owners of today, then the archived ones: whoever left still owns what they did."""
    was_archived, started = bool(resume and resume.get("archived")), _after(resume)
    for is_archived in (True,) if was_archived else (False, True):
        params = {"limit": _LIMIT_OF_OWNERS, "archived": _word(is_archived)}
        start = started if is_archived == was_archived else None
        for body, records, after in _pages(account, account.owners_path(), params, scope, start):
            is_last = after is None and is_archived
            following: Resume = {"archived": is_archived or after is None, "after": after}
            yield Page(line(body), len(records), None if is_last else following)


def listed_pipelines(account: Account, scope: str) -> Iterator[Page]:
    """All pipelines of deals with their stages: one answer."""
    answer = account.get(account.pipelines_path(), {}, scope, is_list)
    yield Page(line(answer.body), len(answer.value["results"]), None)


def listed_dispositions(account: Account, scope: str) -> Iterator[Page]:
    """The outcomes of calls that this account knows, its own among them: one answer, a bare list."""
    answer = account.get("/calling/v1/dispositions", {}, scope, lambda value: isinstance(value, list))
    yield Page(line(answer.body), len(answer.value), None)


def _pages(
    account: Account, path: str, params: dict[str, Any], scope: str, after: str | None
) -> Iterator[tuple[bytes, list[Any], str | None]]:
    """Body, records and the next cursor of each page. A page without records may have a next one: it goes on."""
    while True:
        asked = params if after is None else {**params, "after": after}
        answer = account.get(path, asked, scope, is_list)
        after = next_cursor(answer.value)
        yield answer.body, answer.value["results"], after
        if after is None:
            return


def _after(resume: Resume | None) -> str | None:
    after = (resume or {}).get("after")
    return None if after is None else str(after)


def _word(value: bool) -> str:
    return "true" if value else "false"
