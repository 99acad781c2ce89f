"""A Salesforce org: login, describe, REST queries and Bulk 2.0 query jobs over rows in memory.

Facts only: plain queries hide deleted and archived rows, queryAll shows them; Bulk writes `…000Z` and an empty cell for
null, REST `…000+0000`; a locator `null` ends a result; every answer says how many calls were used.
"""

from __future__ import annotations

import base64
import csv
import io
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.sources.fakes.server import FakeVendor, Request, Response
from tests.sources.fakes.soql_reader import Query, Row, SoqlError, parsed

CLIENT_ID, CLIENT_SECRET = "the-consumer-key", "the-consumer-secret"
_ROOT = re.compile(r"^/services/data/v(\d+\.\d)(/.*)$")


@dataclass
class Job:
    query: Query
    rows: list[Row]
    polls: int = 0
    state: str = "UploadComplete"
    error: str | None = None


@dataclass
class Org:
    """What is in it and how it is set up. `hidden` fields and objects are those that the user may not see."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    fields: dict[str, list[str]] = field(default_factory=dict)
    hidden_fields: set[str] = field(default_factory=set)
    hidden_objects: set[str] = field(default_factory=set)
    without_bulk: set[str] = field(default_factory=set)
    failing: dict[str, str] = field(default_factory=dict)
    polls_until_done: int = 2
    empty_pages_between: bool = False
    largest_page: int = 50_000
    rest_page: int = 2_000
    used: int = 18
    allowed: int = 5_000
    is_api_on: bool = True
    runs_as_somebody: bool = True

    def add(self, name: str, rows: list[Row]) -> None:
        """Adds rows; the object's fields are all the columns ever seen."""
        known = self.fields.setdefault(name, [])
        known += [column for row in rows[:1] for column in row if column not in known]
        self.tables.setdefault(name, []).extend(rows)


class FakeSalesforce(FakeVendor):
    """`org` is its state; `log_out()` ends every session, `forget_jobs()` is what seven days do."""

    def __init__(self) -> None:
        super().__init__()
        self.org = Org()
        self.jobs: dict[str, Job] = {}
        self.cursors: dict[str, tuple[Query, list[Row]]] = {}
        self.tokens: set[str] = set()
        self.logins = 0

    def log_out(self) -> None:
        self.tokens.clear()

    def forget_jobs(self) -> None:
        self.jobs.clear()
        self.cursors.clear()

    def answer(self, request: Request) -> Response:
        if request.path == "/services/oauth2/token":
            return self._log_in(request)
        found = _ROOT.match(request.path)
        if found is None:
            return Response(b"<html><body>URL No Longer Exists</body></html>", 404)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if not self.org.is_api_on:
            return _error(403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner")
        if self.org.used >= self.org.allowed:
            return _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self.org.used += 1
        try:
            response = self._route(request, found[2])
        except SoqlError as error:
            response = _error(400, error.code, str(error))
        usage = f"api-usage={self.org.used}/{self.org.allowed}; per-app-api-usage=1/250(appName=touchline)"
        return Response(response.body, response.status, {"Sforce-Limit-Info": usage, **response.headers})

    def _log_in(self, request: Request) -> Response:
        given = request.value if isinstance(request.value, dict) else {}
        if given.get("grant_type") != "client_credentials":
            return Response({"error": "unsupported_grant_type", "error_description": "grant type not supported"}, 400)
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return Response({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)
        if not self.org.runs_as_somebody:
            return Response({"error": "invalid_grant", "error_description": "no client credentials user enabled"}, 400)
        self.logins += 1
        token = f"00Dfake!{self.logins}"
        self.tokens.add(token)
        return Response({"access_token": token, "instance_url": self.url, "token_type": "Bearer"})

    def _route(self, request: Request, path: str) -> Response:
        parts = path.strip("/").split("/")
        match (request.method, *parts):
            case ("GET", ""):
                return Response({"sobjects": "/sobjects", "query": "/query", "jobs": "/jobs"})
            case ("GET", "sobjects", name, "describe"):
                return self._describe(name)
            case ("GET", "query" | "queryAll" as how):
                return self._first_page(request.query["q"], how == "queryAll")
            case ("GET", "query" | "queryAll", cursor):
                return self._next_page(cursor)
            case ("POST", "jobs", "query"):
                return self._create_job(request.value)
            case ("GET", "jobs", "query", job):
                return self._job(job)
            case ("GET", "jobs", "query", job, "results"):
                return self._results(job, request.query)
        return _error(404, "NOT_FOUND", "The requested resource does not exist")

    def _describe(self, name: str) -> Response:
        if name not in self.org.fields or name in self.org.hidden_objects:
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        return Response({"name": name, "fields": [{"name": each} for each in self._visible(name)]})

    def _visible(self, name: str) -> list[str]:
        return [each for each in self.org.fields[name] if f"{name}.{each}" not in self.org.hidden_fields]

    def _found(self, text: str, shows_all: bool) -> tuple[Query, list[Row]]:
        query = parsed(text)
        if query.name not in self.org.fields or query.name in self.org.hidden_objects:
            raise SoqlError("INVALID_TYPE", f"sObject type '{query.name}' is not supported.")
        visible = {"Id", *self._visible(query.name)}
        for name in query.names:
            if name not in visible:
                raise SoqlError("INVALID_FIELD", f"No such column '{name}' on entity '{query.name}'.")
        rows = self.org.tables.get(query.name, [])
        if not shows_all:
            rows = [row for row in rows if not row.get("IsDeleted") and not row.get("IsArchived")]
        return query, query.run(rows)

    def _first_page(self, text: str, shows_all: bool) -> Response:
        query, rows = self._found(text, shows_all)
        cursor = f"01g{len(self.cursors):012d}"
        self.cursors[cursor] = (query, rows)
        return self._next_page(f"{cursor}-0")

    def _next_page(self, cursor: str) -> Response:
        key, _, start = cursor.partition("-")
        if key not in self.cursors:
            return _error(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        query, rows = self.cursors[key]
        end = int(start) + self.org.rest_page
        records = [
            {"attributes": {"type": query.name}, **{name: _rest_value(row.get(name)) for name in query.columns}}
            for row in rows[int(start) : end]
        ]
        page: dict[str, Any] = {"totalSize": len(rows), "done": end >= len(rows), "records": records}
        if end < len(rows):
            page["nextRecordsUrl"] = f"/services/data/v62.0/query/{key}-{end}"
        return Response(page)

    def _create_job(self, order: dict[str, str]) -> Response:
        query, rows = self._found(order["query"], order["operation"] == "queryAll")
        if query.name in self.org.without_bulk:
            return _error(400, "INVALIDENTITY", f"Entity '{query.name}' is not supported by the Bulk API.")
        job = f"750{len(self.jobs):015d}"
        self.jobs[job] = Job(query, list(rows), error=self.org.failing.get(query.name))
        return Response({"id": job, "state": "UploadComplete", "operation": order["operation"], "object": query.name})

    def _job(self, key: str) -> Response:
        job = self.jobs.get(key)
        if job is None:
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        job.polls += 1
        if job.polls > self.org.polls_until_done:
            job.state = "Failed" if job.error else "JobComplete"
        elif job.polls > 1:
            job.state = "InProgress"
        known: dict[str, Any] = {"id": key, "state": job.state, "operation": "queryAll", "object": job.query.name}
        if job.state == "JobComplete":
            known["numberRecordsProcessed"] = len(job.rows)
        if job.state == "Failed":
            known["errorMessage"] = job.error
        return Response(known)

    def _results(self, key: str, query: dict[str, str]) -> Response:
        job = self.jobs.get(key)
        if job is None or job.state != "JobComplete":
            return _error(404, "NOT_FOUND", "The requested resource does not exist")
        start, is_gap = _opened(query.get("locator"))
        count = 0 if is_gap else min(int(query.get("maxRecords") or 50_000), self.org.largest_page)
        rows = job.rows[start : start + count]
        end = start + len(rows)
        is_last = end >= len(job.rows) and not is_gap
        following = "null" if is_last else _locator(end, self.org.empty_pages_between and not is_gap)
        return Response(
            _csv_page(job.query.columns, rows),
            200,
            {"Content-Type": "text/csv", "Sforce-Locator": following, "Sforce-NumberOfRecords": str(len(rows))},
        )


def _error(status: int, code: str, message: str) -> Response:
    return Response([{"errorCode": code, "message": message}], status)


def _locator(start: int, is_gap: bool) -> str:
    return base64.urlsafe_b64encode(f"{start}{'e' if is_gap else ''}".encode()).decode().rstrip("=")


def _opened(locator: str | None) -> tuple[int, bool]:
    if locator is None:
        return 0, False
    text = base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)).decode()
    return int(text.removesuffix("e")), text.endswith("e")


def _csv_page(columns: list[str], rows: list[Row]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows([_bulk_value(row.get(name)) for name in columns] for row in rows)
    return text.getvalue().encode()


def _bulk_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _rest_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return value
