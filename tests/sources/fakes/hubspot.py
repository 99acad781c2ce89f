"""A fake HubSpot: CRM objects with properties and histories, behind the list, search, batch and directory endpoints.

What HubSpot really does and a reader could get wrong is here: only requested properties come back, unknown ones are left
out without a word, values are texts or null, archived records are in a list of their own and never found by the search,
a search ends at its 10,000th record, its index lags, and a merged record answers under the survivor's id.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sources.fakes.server import FakeVendor, Request, Response

TOKEN = "pat-test"
SCOPES = {
    "calls": "crm.objects.contacts.read", "emails": "crm.objects.contacts.read", "meetings": "crm.objects.contacts.read",
    "tasks": "crm.objects.contacts.read", "communications": "crm.objects.contacts.read",
    "notes": "crm.objects.contacts.read", "deals": "crm.objects.deals.read", "contacts": "crm.objects.contacts.read",
    "companies": "crm.objects.companies.read", "owners": "crm.objects.owners.read", "pipelines": "crm.objects.deals.read",
}  # fmt: skip
_EVERYWHERE = ("hs_object_id", "hs_lastmodifieddate", "hs_createdate", "hubspot_owner_id", "hs_gdpr_deleted")
PROPERTIES = {
    "calls": ("hs_timestamp", "hs_call_direction", "hs_call_disposition", "hs_call_duration", "hs_call_status",
              "hs_call_title", "hs_call_body", "hs_call_external_id"),
    "emails": ("hs_timestamp", "hs_email_direction", "hs_email_status", "hs_email_subject", "hs_email_message_id",
               "hs_email_open_count", "hs_email_click_count", "hs_email_reply_count", "hs_email_text",
               "hs_email_bounce_error_detail_status_code"),
    "meetings": ("hs_timestamp", "hs_meeting_start_time", "hs_meeting_end_time", "hs_meeting_outcome", "hs_meeting_title",
                 "hs_i_cal_uid", "hs_meeting_location", "hs_meeting_location_type", "hs_meeting_external_url",
                 "hs_meeting_web_conference_meeting_id"),
    "tasks": ("hs_timestamp", "hs_task_status", "hs_task_type", "hs_task_subject", "hs_task_completion_date"),
    "communications": ("hs_timestamp", "hs_communication_channel_type", "hs_communication_body"),
    "notes": ("hs_timestamp", "hs_note_body"),
    "deals": ("dealname", "dealstage", "pipeline", "amount", "closedate", "createdate", "deal_currency_code", "dealtype",
              "hs_is_closed_won", "hs_is_closed", "hs_analytics_source", "hs_merged_object_ids"),
    "contacts": ("email", "firstname", "lastname", "phone", "createdate", "lastmodifieddate", "associatedcompanyid",
                 "hs_calculated_merged_vids", "hs_merged_object_ids"),
    "companies": ("name", "domain", "industry", "country", "createdate", "hs_merged_object_ids"),
}  # fmt: skip
_SEARCH_END, _LONGEST_SEARCH_PAGE, _LONGEST_PAGE, _LONGEST_WITH_HISTORY, _MOST_INPUTS = 10_000, 200, 100, 50, 100
_SINGULAR = {"companies": "company"}


@dataclass
class Record:
    """One object. `indexed_at` is when the search begins to see its newest version."""

    id: int
    properties: dict[str, str | None]
    history: dict[str, list[tuple[str, str]]]
    created: datetime
    updated: datetime
    indexed_at: datetime
    archived_at: datetime | None = None


@dataclass
class Shelf:
    """The records of a type, and the search results found for the state that they are in."""

    records: dict[int, Record] = field(default_factory=dict)
    merged: dict[int, int] = field(default_factory=dict)
    live: list[int] = field(default_factory=list)
    archived: list[int] = field(default_factory=list)
    is_sorted: bool = False
    found: dict[Any, list[int]] = field(default_factory=dict)

    def changed(self) -> None:
        self.is_sorted = False
        self.found.clear()

    def ids(self, is_archived: bool) -> list[int]:
        if not self.is_sorted:
            self.live = sorted(one.id for one in self.records.values() if one.archived_at is None)
            self.archived = sorted(one.id for one in self.records.values() if one.archived_at is not None)
            self.is_sorted = True
        return self.archived if is_archived else self.live


class FakeHubSpot(FakeVendor):
    """One account. `now` is its clock, moved by hand; `index_lag` is how long the search does not see a change."""

    def __init__(self, version: str = "v3") -> None:
        super().__init__()
        self.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
        self.index_lag = timedelta(0)
        self.version = version
        self.shelves: dict[str, Shelf] = defaultdict(Shelf)
        self.properties = {name: [*_EVERYWHERE, *names] for name, names in PROPERTIES.items()}
        self.links: dict[tuple[str, str], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        self.owners: list[dict[str, Any]] = []
        self.pipelines: list[dict[str, Any]] = []
        self.dispositions: list[dict[str, Any]] = []
        self.scopes = set(SCOPES.values())
        self.daily: tuple[int, int] | None = None
        self.cursors = 0
        self.empty_pages_before_more = 0
        self.links_a_page = 500
        self.seconds: Callable[[], float] | None = None
        self.searches_at: list[float] = []

    def add(
        self,
        crm_type: str,
        id: int,
        properties: dict[str, str | None] | None = None,
        history: dict[str, list[tuple[str, str]]] | None = None,
        updated: datetime | None = None,
        created: datetime | None = None,
    ) -> int:
        """A record, or a new version of it; `history` per property is (value, ISO instant), newest first as HubSpot's."""
        updated = updated or self.now
        created = created or (
            self.shelves[crm_type].records[id].created if id in self.shelves[crm_type].records else updated
        )
        given = {"hs_object_id": str(id), "hs_createdate": _iso(created), "hs_lastmodifieddate": _iso(updated)}
        if crm_type in ("contacts", "companies", "deals"):
            given["createdate"] = _iso(created)
        if crm_type == "contacts":
            given["lastmodifieddate"] = _iso(updated)
        self.shelves[crm_type].records[id] = Record(
            id, given | (properties or {}), history or {}, created, updated, self.now + self.index_lag
        )
        self.shelves[crm_type].changed()
        return id

    def link(self, crm_type: str, id: int, other: str, *ids: int) -> None:
        """Associations, in both directions."""
        self.links[crm_type, other][id].extend(ids)
        for one in ids:
            self.links[other, crm_type][one].append(id)

    def archive(self, crm_type: str, id: int) -> None:
        """Moves a record to the list of archived ones; its last change stays what it was."""
        self.shelves[crm_type].records[id].archived_at = self.now
        self.shelves[crm_type].changed()

    def purge(self, crm_type: str, id: int) -> None:
        """A hard deletion: no list names the record any more."""
        del self.shelves[crm_type].records[id]
        self.shelves[crm_type].changed()

    def merge(self, crm_type: str, loser: int, survivor: int) -> None:
        """The loser answers under the survivor's id from now on; the survivor says whom it swallowed."""
        shelf = self.shelves[crm_type]
        del shelf.records[loser]
        shelf.merged[loser] = survivor
        kept = shelf.records[survivor]
        name = "hs_calculated_merged_vids" if crm_type == "contacts" else "hs_merged_object_ids"
        said = f"{loser}:{_epoch_ms(self.now)}" if crm_type == "contacts" else str(loser)
        before = kept.properties.get(name)
        self.add(
            crm_type, survivor, kept.properties | {name: f"{before};{said}" if before else said},
            kept.history, created=kept.created,
        )  # fmt: skip
        for field_name in ("hs_lastmodifieddate", "lastmodifieddate"):
            if field_name in kept.properties:
                shelf.records[survivor].properties[field_name] = _iso(self.now)

    def expire_cursors(self) -> None:
        """Cursors handed out so far are refused from now on."""
        self.cursors += 1

    def answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
        response = self._routed(request)
        if self.daily is not None and not request.path.endswith("/search"):
            self.daily = (self.daily[0], self.daily[1] - 1)
            response.headers.update(
                {
                    "X-HubSpot-RateLimit-Daily": str(self.daily[0]),
                    "X-HubSpot-RateLimit-Daily-Remaining": str(self.daily[1]),
                }
            )
        return response

    def _routed(self, request: Request) -> Response:
        parts = request.path.strip("/").split("/")
        if parts == ["calling", "v1", "dispositions"]:
            return Response(self.dispositions)
        api, rest = self._api_of(parts)
        if scope := self._missing_scope(api, rest):
            return _error(
                403, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call.",
                errors=[{"message": "One or more scopes are required.", "context": {"requiredGranularScopes": [scope]}}],
            )  # fmt: skip
        match api, rest:
            case "objects", [crm_type]:
                return self._list(crm_type, {name: ",".join(values) for name, values in request.repeated.items()})
            case "objects", [crm_type, "search"]:
                return self._search(crm_type, request.value)
            case "objects", [crm_type, "batch", "read"]:
                return self._batch(crm_type, request.value)
            case "associations", [crm_type, other, "batch", "read"]:
                return self._associations(crm_type, other, request.value)
            case "properties", [crm_type]:
                return Response({"results": [{"name": name, "type": "string"} for name in self.properties[crm_type]]})
            case "owners", []:
                return self._owners(request.query)
            case "pipelines", ["deals"]:
                return Response({"results": self.pipelines})
        return _error(404, "OBJECT_NOT_FOUND", f"no {request.path}")

    def _api_of(self, parts: list[str]) -> tuple[str, list[str]]:
        """The api and what follows, in either way to write versions."""
        if len(parts) < 3 or parts[0] != "crm":
            return "", []
        if parts[1] in ("v3", "v4") and self.version == "v3":
            return parts[2] if (parts[1] == "v4") == (parts[2] == "associations") else "", parts[3:]
        return (parts[1], parts[3:]) if parts[2] == self.version else ("", [])

    def _missing_scope(self, api: str, rest: list[str]) -> str | None:
        scope = SCOPES.get(rest[0] if api in ("objects", "associations", "properties") and rest else api)
        return None if scope is None or scope in self.scopes else scope

    def _list(self, crm_type: str, query: dict[str, str]) -> Response:
        limit, history = int(query.get("limit", "10")), _words(query.get("propertiesWithHistory"))
        if limit > (_LONGEST_WITH_HISTORY if history else _LONGEST_PAGE):
            return _error(400, "VALIDATION_ERROR", f"limit {limit} is over what is allowed here")
        after = query.get("after")
        if after is not None and after.partition("-")[0] != str(self.cursors):
            return _error(400, "VALIDATION_ERROR", "the `after` cursor has expired")
        last = int(after.partition("-")[2]) if after else 0
        ids = self.shelves[crm_type].ids(_is_true(query.get("archived")))
        start = bisect_right(ids, last)
        if after is not None and self.empty_pages_before_more:
            self.empty_pages_before_more -= 1
            return Response({"results": [], "paging": {"next": {"after": after}}})
        page = ids[start : start + limit]
        shape = _Shape(_words(query.get("properties")), history, _words(query.get("associations")))
        body: dict[str, Any] = {"results": [self._record(crm_type, one, shape) for one in page]}
        if start + limit < len(ids):
            body["paging"] = {"next": {"after": f"{self.cursors}-{page[-1]}", "link": "https://example.com"}}
        return Response(json.dumps(body, indent=1).encode())

    def _search(self, crm_type: str, payload: dict[str, Any]) -> Response:
        if problem := _beyond_search(payload) or self._too_many_searches():
            return problem
        groups = payload.get("filterGroups") or []
        limit, offset = int(payload.get("limit", 10)), int(payload.get("after") or 0)
        if offset + limit > _SEARCH_END:
            return _error(400, "VALIDATION_ERROR", f"a search ends at {_SEARCH_END:,} results")
        ids = self._found(crm_type, groups)
        first = bisect_right(ids, _keyset(groups))
        total = len(ids) - first
        if self.empty_pages_before_more and total:
            self.empty_pages_before_more -= 1
            return Response({"total": total, "results": [], "paging": {"next": {"after": str(offset)}}})
        page = ids[first + offset : first + offset + limit]
        shape = _Shape(payload.get("properties") or [], [], [])
        body: dict[str, Any] = {"total": total, "results": [self._record(crm_type, one, shape) for one in page]}
        if offset + limit < total:
            body["paging"] = {"next": {"after": str(offset + limit)}}
        return Response(body)

    def _too_many_searches(self) -> Response | None:
        if self.seconds is None:
            return None
        now = self.seconds()
        self.searches_at = [at for at in self.searches_at if now - at < 1] + [now]
        if len(self.searches_at) <= 5:
            return None
        return _error(429, "RATE_LIMITS", "too many searches", policyName="SECONDLY", errorType="RATE_LIMIT")

    def _found(self, crm_type: str, groups: list[dict[str, Any]]) -> list[int]:
        """Ids in order that fulfil every filter but the keyset; kept, since a keyset asks the same again and again."""
        shelf = self.shelves[crm_type]
        key = (json.dumps([_without_keyset(group) for group in groups]), self.now)
        if key not in shelf.found:
            tests = [[_test(one) for one in _without_keyset(group)] for group in groups] or [[]]
            shelf.found[key] = [
                one
                for one in shelf.ids(False)
                if shelf.records[one].indexed_at <= self.now
                and any(all(test(shelf.records[one]) for test in group) for group in tests)
            ]
        return shelf.found[key]

    def _batch(self, crm_type: str, payload: dict[str, Any]) -> Response:
        history = payload.get("propertiesWithHistory") or []
        inputs = payload["inputs"]
        if len(inputs) > (_LONGEST_WITH_HISTORY if history else _MOST_INPUTS):
            return _error(400, "VALIDATION_ERROR", f"{len(inputs)} inputs are over what is allowed here")
        shelf, shape = self.shelves[crm_type], _Shape(payload.get("properties") or [], history, [])
        asked = [shelf.merged.get(int(one["id"]), int(one["id"])) for one in inputs]
        there = [one for one in dict.fromkeys(asked) if one in shelf.records]
        gone = [str(one) for one in asked if one not in shelf.records]
        body: dict[str, Any] = {"status": "COMPLETE", "results": [self._record(crm_type, one, shape) for one in there]}
        if gone:
            body |= {"numErrors": 1, "errors": [_problem("OBJECT_NOT_FOUND", "Could not get some", gone)]}
        return Response(body, 207 if gone else 200)

    def _associations(self, crm_type: str, other: str, payload: dict[str, Any]) -> Response:
        asked = {str(one["id"]): int(one.get("after") or 0) for one in payload["inputs"]}
        if len(payload["inputs"]) > _MOST_INPUTS:
            return _error(400, "VALIDATION_ERROR", f"{len(asked)} inputs are over what is allowed here")
        links = self.links.get((crm_type, other), {})
        results = [self._member(one, links[int(one)], start) for one, start in asked.items() if links.get(int(one))]
        none = [one for one in asked if not links.get(int(one))]
        body: dict[str, Any] = {"status": "COMPLETE", "results": results}
        if none:
            subcategory = "crm.associations.NO_ASSOCIATIONS_FOUND"
            body |= {"numErrors": len(none), "errors": [_problem("OBJECT_NOT_FOUND", "none", none, subcategory)]}
        return Response(body, 207 if none else 200)

    def _member(self, id: str, links: list[int], start: int) -> dict[str, Any]:
        end = start + self.links_a_page
        more = {"paging": {"next": {"after": str(end)}}} if end < len(links) else {}
        return {"from": {"id": id}, "to": [_typed(to) for to in links[start:end]]} | more

    def _owners(self, query: dict[str, str]) -> Response:
        limit = int(query.get("limit", "100"))
        if limit > 500:
            return _error(400, "VALIDATION_ERROR", "limit is over 500")
        chosen = [one for one in self.owners if bool(one.get("archived")) == _is_true(query.get("archived"))]
        start = int(query.get("after") or 0)
        body: dict[str, Any] = {"results": chosen[start : start + limit]}
        if start + limit < len(chosen):
            body["paging"] = {"next": {"after": str(start + limit)}}
        return Response(body)

    def _record(self, crm_type: str, id: int, shape: _Shape) -> dict[str, Any]:
        """One object as HubSpot shows it: requested properties that exist, texts or null."""
        record = self.shelves[crm_type].records[id]
        known = self.properties[crm_type]
        names = dict.fromkeys((*(name for name in shape.properties if name in known), "hs_object_id"))
        shown: dict[str, Any] = {
            "id": str(id),
            "properties": {name: record.properties.get(name) for name in names},
            "createdAt": _iso(record.created),
            "updatedAt": _iso(record.updated),
            "archived": record.archived_at is not None,
        }
        if record.archived_at is not None:
            shown["archivedAt"] = _iso(record.archived_at)
        if shape.history:
            shown["propertiesWithHistory"] = {name: _versions(record, name) for name in shape.history if name in known}
        linked = {other: self.links.get((crm_type, other), {}).get(id) for other in shape.associations}
        if any(linked.values()):
            kind = _SINGULAR.get(crm_type, crm_type[:-1])
            shown["associations"] = {
                other: _linked(ids, f"{kind}_to_{_SINGULAR.get(other, other[:-1])}", self.links_a_page)
                for other, ids in linked.items()
                if ids
            }
        return shown


@dataclass(frozen=True)
class _Shape:
    properties: list[str]
    history: list[str]
    associations: list[str]


def _typed(to: int) -> dict[str, Any]:
    return {"toObjectId": to, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 1, "label": None}]}


def _linked(ids: list[int], kind: str, at_most: int) -> dict[str, Any]:
    """A list names each link once a type of association, so the same record several times; and not all of very many."""
    links = [{"id": str(to), "type": name} for to in ids[:at_most] for name in (kind, f"{kind}_unlabeled")]
    more = {"paging": {"next": {"after": str(at_most)}}} if len(ids) > at_most else {}
    return {"results": links} | more


def _versions(record: Record, name: str) -> list[dict[str, Any]]:
    given = record.history.get(name) or [(record.properties.get(name) or "", _iso(record.updated))]
    return [{"value": value, "timestamp": at, "sourceType": "CRM_UI", "sourceId": "userId:1"} for value, at in given]


def _beyond_search(payload: dict[str, Any]) -> Response | None:
    groups = payload.get("filterGroups") or []
    counts = [len(group.get("filters") or []) for group in groups]
    if len(groups) > 5 or max(counts, default=0) > 6 or sum(counts) > 18:
        return _error(400, "VALIDATION_ERROR", "too many filters")
    if int(payload.get("limit", 10)) > _LONGEST_SEARCH_PAGE:
        return _error(400, "VALIDATION_ERROR", "limit is over 200")
    return None


def _without_keyset(group: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in group["filters"] if (one["propertyName"], one["operator"]) != ("hs_object_id", "GT")]


def _keyset(groups: Iterable[dict[str, Any]]) -> int:
    return max(
        (
            int(one["value"])
            for group in groups
            for one in group["filters"]
            if (one["propertyName"], one["operator"]) == ("hs_object_id", "GT")
        ),
        default=0,
    )


def _test(one: dict[str, Any]) -> Callable[[Record], bool]:
    name, operator, value = one["propertyName"], one["operator"], one["value"]
    if name in ("hs_lastmodifieddate", "lastmodifieddate"):
        bound = int(value)
        return {
            "GTE": lambda record: _epoch_ms(record.updated) >= bound,
            "GT": lambda record: _epoch_ms(record.updated) > bound,
            "LT": lambda record: _epoch_ms(record.updated) < bound,
            "LTE": lambda record: _epoch_ms(record.updated) <= bound,
        }[operator]
    assert operator == "EQ", f"the fake knows no {operator} of {name}"
    return lambda record: record.properties.get(name) == value


def _error(status: int, category: str, message: str, **more: Any) -> Response:
    return Response({"status": "error", "message": message, "correlationId": "0", "category": category} | more, status)


def _problem(category: str, message: str, ids: list[str], subcategory: str | None = None) -> dict[str, Any]:
    found = {"status": "error", "category": category, "message": message, "context": {"ids": ids}}
    return found | ({"subCategory": subcategory} if subcategory else {})


def _is_true(word: str | None) -> bool:
    """In any case: the vendor's own client writes True."""
    return (word or "").lower() == "true"


def _words(text: str | None) -> list[str]:
    return [word for word in (text or "").split(",") if word]


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def _epoch_ms(instant: datetime) -> int:
    return int(instant.timestamp()) * 1000 + instant.microsecond // 1000
