"""A fake org with a login, and what its connector reads; nothing sleeps."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest
import stamina

from models.api_settings import ApiSettings
from pipelines.sources.extraction.pages import ApiObject, Connector, Page, Resume, Window
from pipelines.sources.header_match import find_column
from pipelines.sources.mapping_sql import mapped_sql
from pipelines.sources.readings import objects_of
from pipelines.sources.salesforce.api import connect
from pipelines.sources.salesforce.objects import OBJECTS
from tests.sources.fakes.salesforce import CLIENT_ID, CLIENT_SECRET, FakeSalesforce

SECRETS = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
BORN = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERYTHING = Window(None, datetime(2027, 1, 1, tzinfo=UTC))


def task(number: int, changed: datetime = BORN, **other: object) -> dict[str, object]:
    """A closed task; its subject holds what breaks careless readers of CSV."""
    return {
        "Id": f"00T{number:012d}AAA",
        "OwnerId": "005000000000001AAA",
        "Status": "Completed",
        "IsClosed": True,
        "ActivityDate": "2026-03-01",
        "CreatedDate": BORN,
        "SystemModstamp": changed,
        "IsDeleted": False,
        "IsArchived": False,
        "CompletedDateTime": None,
        "TaskSubtype": "Call",
        "Subject": f'Call {number}, "again"\nand a second line',
        **other,
    }


def rows_of(pages: list[Page]) -> list[dict[str, str]]:
    return [row for page in pages for row in csv.DictReader(io.StringIO(page.body.decode(), newline=""))]


class Reader:
    """A connector and its objects by name."""

    def __init__(self, connector: Connector) -> None:
        self.connector = connector
        self.objects: dict[str, ApiObject] = {each.name: each for each in connector.objects()}

    def pages(self, name: str, window: Window = EVERYTHING, resume: Resume | None = None) -> Iterator[Page]:
        return self.connector.pages(self.objects[name], window, resume)

    def rows(self, name: str, window: Window = EVERYTHING, resume: Resume | None = None) -> list[dict[str, str]]:
        return rows_of(list(self.pages(name, window, resume)))

    def ids(self, name: str, window: Window = EVERYTHING) -> list[str]:
        return sorted(row["Id"] for row in self.rows(name, window))


@pytest.fixture
def salesforce() -> Iterator[FakeSalesforce]:
    """Every object exists with the fields that are asked for and has no rows; Task has what `task` makes."""
    fake = FakeSalesforce()
    for each in OBJECTS:
        fake.org.fields[each.name] = [*each.needed, *each.wished]
    with stamina.set_testing(True, attempts=6, cap=False), fake:
        yield fake


@pytest.fixture
def read(salesforce: FakeSalesforce) -> Iterator[Callable[..., Reader]]:
    """Settings and secrets → a reader of the fake."""
    opened: list[Connector] = []

    def make(secrets: dict[str, str] = SECRETS, pauses: list[float] | None = None, **settings: object) -> Reader:
        given = {"client_id": "env:ID", "client_secret": "env:SECRET", "base_url": salesforce.url, **settings}
        pause = (lambda seconds: None) if pauses is None else pauses.append
        opened.append(connect(ApiSettings.model_validate(given), secrets, pause))
        return Reader(opened[-1])

    yield make
    for connector in opened:
        connector.close()


@pytest.fixture
def tasks() -> Callable[..., list[dict[str, object]]]:
    """So many tasks, each changed a minute after the one before unless `changed` is given."""

    def make(count: int, changed: datetime | None = None) -> list[dict[str, object]]:
        return [task(number, changed or BORN + timedelta(minutes=number)) for number in range(count)]

    return make


@pytest.fixture
def a_task() -> Callable[..., dict[str, object]]:
    return task


@pytest.fixture(scope="session")
def mapped(connection: duckdb.DuckDBPyConnection, load: Callable[..., None]) -> Callable[..., list[dict[str, Any]]]:
    """An object's rows through its mapping: the fields that are not blank; ignored rows are not there.

    Columns that the mapping needs and no row has are blank.
    """

    def run(name: str, *rows: dict[str, str | None]) -> list[dict[str, Any]]:
        mapping = objects_of("salesforce", None)[name]
        columns = list(dict.fromkeys(column for row in rows for column in row))
        columns += [name for name in mapping.needs or () if find_column(name, columns) is None]
        load(connection, "file", columns, [[row.get(column) for column in columns] for row in rows])
        sql = mapped_sql(mapping, columns, "America/New_York")
        fields = ", ".join(f"{text} as {field}" for field, text in sql.fields.items())
        found = connection.execute(
            f"select {sql.failure_mask}, {fields} from {sql.source('file')} where not ({sql.ignored})"
        ).fetchall()
        assert all(mask == 0 for mask, *_ in found)
        return [
            {field: text for field, text in zip(sql.fields, texts, strict=True) if text is not None}
            for _, *texts in found
        ]

    return run
