"""A Pipedrive company on 127.0.0.1, and a connector that does not sleep."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import stamina

from models.api_settings import ApiSettings
from pipelines.sources.extraction.pages import ApiObject, Connector, Page, Resume, Window
from pipelines.sources.pipedrive.api import connect
from tests.sources.fakes.pipedrive import TOKEN, FakePipedrive

EVERYTHING = Window(None, datetime(2026, 3, 21, tzinfo=UTC))


@pytest.fixture(autouse=True)
def hurried() -> Iterator[None]:
    with stamina.set_testing(True, attempts=8, cap=False):
        yield


@pytest.fixture
def vendor() -> Iterator[FakePipedrive]:
    with FakePipedrive() as fake:
        yield fake


@pytest.fixture
def open_account(vendor: FakePipedrive) -> Iterator[Callable[..., Connector]]:
    """Connects with other settings or another token."""
    opened: list[Connector] = []

    def open_(token: str = TOKEN, **settings: Any) -> Connector:
        api = ApiSettings.model_validate({"token": "env:PIPEDRIVE", "base_url": vendor.url, **settings})
        opened.append(connect(api, {"token": token}, pause=lambda seconds: None))
        return opened[-1]

    yield open_
    for connector in opened:
        connector.close()


@pytest.fixture
def account(open_account: Callable[..., Connector]) -> Connector:
    return open_account()


@pytest.fixture
def fetch(account: Connector) -> Callable[..., list[Page]]:
    """All pages of an object by its name."""

    def run(name: str, window: Window = EVERYTHING, resume: Resume | None = None) -> list[Page]:
        return list(account.pages(named(account, name), window, resume))

    return run


def named(account: Connector, name: str) -> ApiObject:
    return next(wanted for wanted in account.objects() if wanted.name == name)


def rows_of(pages: list[Page]) -> list[dict[str, Any]]:
    """The records of all pages; each page's body is one line and counts its own records."""
    rows = []
    for page in pages:
        assert b"\n" not in page.body and b"\r" not in page.body
        found = [row for row in json.loads(page.body)["data"] or [] if row is not None]
        assert len(found) == page.records
        rows += found
    return rows


def ids_of(pages: list[Page]) -> list[int]:
    return [row["id"] for row in rows_of(pages)]
