"""What changed in a window: searches by an id keyset, because HubSpot's search ends at its 10,000th record.

Each query asks for ids behind the last one seen. Going on from the last *time* instead gets stuck as soon as more records
than a query may return carry the same millisecond, which every import and every mass update makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pipelines.sources.extraction.faults import GarbledError
from pipelines.sources.extraction.pages import Page, Resume, Window
from pipelines.sources.extraction.polite import Answer
from pipelines.sources.hubspot.account import Account, is_search, next_cursor
from pipelines.sources.hubspot.crm_types import CrmType
from pipelines.sources.hubspot.known_properties import KnownProperties
from pipelines.sources.hubspot.lines import line, spliced
from pipelines.sources.hubspot.linking import links_of

_LIMIT = 200
_LIMIT_WITH_HISTORY = 50
_KEY = "hs_object_id"


def searched_records(
    account: Account, known: KnownProperties, crm_type: CrmType, window: Window, resume: Resume | None
) -> Iterator[Page]:
    """The records that changed in the window, by ascending id, with their links and the history of stages."""
    last = int((resume or {}).get("after_id") or 0)
    total = None
    while True:
        answer = _first_with_records(account, crm_type, window, last)
        found, has_more = answer.value["results"], _has_more(answer.value)
        ids = _ascending_ids(crm_type, found, last)
        if last == 0:
            total = answer.value.get("total")
        last = ids[-1] if ids else last
        body, records = _whole_records(account, crm_type, answer)
        known.check(crm_type, records)
        beside = links_of(account, crm_type, [str(one) for one in ids])
        following: Resume | None = {"after_id": str(last)} if has_more and ids else None
        yield Page(line(body, crm_type, records, **beside), len(records), following, total)
        if following is None:
            return


def _first_with_records(account: Account, crm_type: CrmType, window: Window, last: int) -> Answer:
    """One query. An empty page that announces more moves no keyset: only there `after` is followed."""
    after: str | None = None
    while True:
        payload = _query(crm_type, window, last) | ({} if after is None else {"after": after})
        answer = account.search(crm_type.name, payload, crm_type.scope, is_search)
        after = next_cursor(answer.value)
        if answer.value["results"] or after is None:
            return answer


def _query(crm_type: CrmType, window: Window, last: int) -> dict[str, Any]:
    filters = [_filter(crm_type.modified, "LT", _milliseconds(window.until)), _filter(_KEY, "GT", str(last))]
    if window.since is not None:
        filters.insert(0, _filter(crm_type.modified, "GTE", _milliseconds(window.since)))
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": _KEY, "direction": "ASCENDING"}],
        "properties": [_KEY] if crm_type.history else list(crm_type.properties),
        "limit": _LIMIT,
    }


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


def _milliseconds(instant: datetime) -> str:
    """Epoch milliseconds as text, the only form that filters take; exact, without floats."""
    return str(int(instant.timestamp()) * 1000 + instant.microsecond // 1000)


def _has_more(value: Mapping[str, Any]) -> bool:
    return next_cursor(value) is not None or int(value.get("total") or 0) > len(value["results"])


def _ascending_ids(crm_type: CrmType, records: Sequence[Mapping[str, Any]], last: int) -> list[int]:
    """The page's ids. Raises when HubSpot did not keep to the keyset: going on would lose records, or never end."""
    ids = [int(record["id"]) for record in records]
    if any(second <= first for first, second in zip([last, *ids], ids, strict=False)):
        raise GarbledError(
            f"HubSpot's search of {crm_type.name} does not keep to the order or the filter of {_KEY}",
            "Report it with this message; the cursor did not move.",
        )
    return ids


def _whole_records(account: Account, crm_type: CrmType, answer: Answer) -> tuple[bytes, list[Any]]:
    """The page's records. A search knows no history: records that need it are read once more, by id."""
    if not crm_type.history or not answer.value["results"]:
        return answer.body, answer.value["results"]
    answers = account.read_batches(
        f"{account.objects_path(crm_type.name)}/batch/read",
        [{"id": str(record["id"])} for record in answer.value["results"]],
        crm_type.scope,
        _LIMIT_WITH_HISTORY,
        properties=list(crm_type.properties),
        propertiesWithHistory=list(crm_type.history),
    )
    return spliced(answers), [record for one in answers for record in one.value["results"]]
