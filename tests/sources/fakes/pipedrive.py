"""A Pipedrive company: users, deals with their changelogs, activities, call logs; v2 lists by cursor, v1 by place.

What it does is what Pipedrive documents: `updated_since` is inclusive and `updated_until` exclusive, times have seconds,
deleted records are hidden (deals: listed under `status=deleted` for 30 days), archived deals are only at their own list.
A cursor marks the record with which the next page begins; in an order by `update_time` the page therefore begins
wherever that record is by now.
"""

from __future__ import annotations

import base64
import bisect
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.sources.fakes.server import FakeVendor, Request, Response

TOKEN = "0123456789abcdef"
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
COSTS = {"archived": 20, "changelog": 20}
Record = dict[str, Any]


def rfc3339(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def spaced(at: datetime) -> str:
    """The v1 form."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


@dataclass
class Table:
    """Records by id, in the order of their ids."""

    rows: dict[int, Record] = field(default_factory=dict)

    def put(self, record: Record) -> Record:
        self.rows[record["id"]] = record
        return record


class FakePipedrive(FakeVendor):
    """`refused` has the path endings that are answered with 403; `tokens_a_day` None leaves the daily headers out."""

    def __init__(self, now: datetime = NOW) -> None:
        super().__init__()
        self.now = now
        self.tables = {name: Table() for name in ("activities", "deals", "persons", "organizations", "stages")}
        self.users: list[Record] = []
        self.call_logs: list[Record] = []
        self.changelogs: dict[int, list[Record]] = {}
        self.refused: set[str] = set()
        self.is_admin = True
        self.tokens_a_day: int | None = None
        self.tokens_used = 0
        self.expired_cursors: set[str] = set()
        self.empty_first: set[str] = set()
        self.after_page: Callable[[Request], None] = lambda request: None
        self._orders: dict[str, tuple[int, list[int]]] = {}

    def put(self, table: str, **record: Any) -> Record:
        at = rfc3339(self.now)
        known = {"add_time": at, "update_time": at, "is_deleted": False}
        if table == "deals":
            known |= {"is_archived": False, "status": "open", "stage_change_time": None}
        self._orders.pop(table, None)
        return self.tables[table].put(known | record)

    def delete(self, table: str, id: int) -> None:
        gone = {"is_deleted": True, "update_time": rfc3339(self.now)}
        if table == "deals":
            gone["status"] = "deleted"
        self.tables[table].rows[id] |= gone
        self._orders.pop(table, None)

    def move(self, deal: int, to: int, at: datetime) -> None:
        """A deal enters a stage: the deal and its changelog say so."""
        record = self.tables["deals"].rows[deal]
        change = {
            "field_key": "stage_id", "old_value": str(record.get("stage_id") or ""), "new_value": str(to),
            "actor_user_id": record.get("owner_id"), "time": spaced(at),
            "change_source": "app", "change_source_user_agent": None, "is_bulk_update_flag": False,
        }  # fmt: skip
        self.changelogs.setdefault(deal, []).insert(0, change)
        self.put("deals", **record | {"stage_id": to, "stage_change_time": rfc3339(at), "update_time": rfc3339(at)})

    def answer(self, request: Request) -> Response:
        if request.headers.get("x-api-token") != TOKEN:
            return _refusal(401, "unauthorized access")
        if any(request.path.endswith(ending) for ending in self.refused):
            return _refusal(403, "Scope and URL mismatch")
        headers = self._pay(request)
        if headers.get("x-daily-ratelimit-token-remaining") == "0":
            return Response(_refusal(429, "request over limit").body, 429, headers)
        found = self._found(request)
        self.after_page(request)
        return Response(found.body, found.status, headers | found.headers)

    def _pay(self, request: Request) -> dict[str, str]:
        self.tokens_used += COSTS.get(request.path.rsplit("/", 1)[-1], 10)
        headers = {"x-ratelimit-limit": "80", "x-ratelimit-remaining": "79", "x-ratelimit-reset": "2"}
        if self.tokens_a_day is not None:
            left = max(self.tokens_a_day - self.tokens_used, 0)
            headers["x-daily-ratelimit-token-limit"] = str(self.tokens_a_day)
            headers["x-daily-ratelimit-token-remaining"] = str(left)
        return headers

    def _found(self, request: Request) -> Response:
        parts = request.path.strip("/").split("/")
        match parts[1:]:
            case ["v1", "users", "me"]:
                return _one({"id": 1, "email": "admin@example.com", "is_admin": int(self.is_admin)})
            case ["v1", "users"]:
                return _v1(self.users)
            case ["v1", "callLogs"]:
                return self._by_place(self.call_logs, request)
            case ["v1", "deals", deal, "changelog"]:
                return self._changelog(int(deal), request)
            case ["v2", "deals", "archived"]:
                return self._by_cursor("deals", request, lambda deal: deal["is_archived"] and not deal["is_deleted"])
            case ["v2", "deals"]:
                return self._by_cursor("deals", request, self._is_listed(request.query.get("status")))
            case ["v2", table] if table in self.tables:
                return self._by_cursor(table, request, lambda record: not record["is_deleted"])
        return _refusal(404, "Unknown method")

    def _is_listed(self, status: str | None) -> Callable[[Record], bool]:
        if status == "deleted":
            month_ago = rfc3339(self.now - timedelta(days=30))
            return lambda deal: deal["is_deleted"] and deal["update_time"] >= month_ago
        return lambda deal: not deal["is_deleted"] and not deal["is_archived"]

    def _by_cursor(self, table: str, request: Request, is_listed: Callable[[Record], bool]) -> Response:
        query = request.query
        cursor = query.get("cursor")
        if cursor in self.expired_cursors:
            return _refusal(400, "Invalid cursor")
        limit = min(int(query.get("limit", 100)), 500)
        since, until = query.get("updated_since", ""), query.get("updated_until", "9")
        rows, order = self.tables[table].rows, self._order(table, query.get("sort_by", "id"))
        place = 0 if cursor is None else self._place_of(table, cursor, query.get("sort_by", "id"))
        if cursor is None and request.path in self.empty_first:
            return _v2([], _cursor_to(order[0]) if order else None)
        found: list[Record] = []
        while place < len(order) and len(found) <= limit:
            record = rows[order[place]]
            if since <= record["update_time"] < until and is_listed(record):
                found.append(record)
            place += 1
        following = found[limit]["id"] if len(found) > limit else None
        return _v2(found[:limit], None if following is None else _cursor_to(following))

    def _order(self, table: str, by: str) -> list[int]:
        rows = self.tables[table].rows
        if by != "id":
            return sorted(rows, key=lambda id: (rows[id][by], id))
        known = self._orders.get(table)
        if known is None or known[0] != len(rows):
            known = self._orders[table] = (len(rows), sorted(rows))
        return known[1]

    def _place_of(self, table: str, cursor: str, by: str) -> int:
        marked = json.loads(base64.b64decode(cursor))["id"]
        order = self._order(table, by)
        return bisect.bisect_left(order, marked) if by == "id" else order.index(marked)

    def _by_place(self, rows: list[Record], request: Request) -> Response:
        start, limit = int(request.query.get("start", 0)), min(int(request.query.get("limit", 50)), 50)
        more = start + limit < len(rows)
        paging = {"start": start, "limit": limit, "more_items_in_collection": more}
        if more:
            paging["next_start"] = start + limit
        return _v1(rows[start : start + limit], {"pagination": paging})

    def _changelog(self, deal: int, request: Request) -> Response:
        if deal not in self.tables["deals"].rows or self.tables["deals"].rows[deal]["is_deleted"]:
            return _refusal(404, "Deal not found")
        cursor = request.query.get("cursor")
        if cursor in self.expired_cursors:
            return _refusal(400, "Invalid cursor")
        start = 0 if cursor is None else json.loads(base64.b64decode(cursor))["id"]
        limit = int(request.query.get("limit", 100))
        rows = self.changelogs.get(deal, [])
        following = start + limit if start + limit < len(rows) else None
        return _v2(rows[start : start + limit], None if following is None else _cursor_to(following))


def _cursor_to(id: int) -> str:
    return base64.b64encode(json.dumps({"id": id}).encode()).decode()


def _one(record: Record) -> Response:
    return Response({"success": True, "data": record})


def _v1(rows: list[Record], additional: Record | None = None) -> Response:
    return Response({"success": True, "data": rows or None, "additional_data": additional or {}})


def _v2(rows: list[Record], cursor: str | None) -> Response:
    return Response({"success": True, "data": rows, "additional_data": {"next_cursor": cursor}})


def _refusal(status: int, message: str) -> Response:
    return Response({"success": False, "error": message, "errorCode": status}, status)
