"""A fake HubSpot, a connector to it that never sleeps, and what a connector's pages say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stamina

from models.api_settings import ApiSettings
from pipelines.sources.extraction.pages import Connector, Page, Window
from pipelines.sources.hubspot.api import connect
from tests.sources.fakes.hubspot import TOKEN, FakeHubSpot


@pytest.fixture(autouse=True)
def no_waiting() -> Iterator[None]:
    """Retries happen at once, and not for ever."""
    with stamina.set_testing(True, attempts=8, cap=False):
        yield


@pytest.fixture
def hubspot() -> Iterator[FakeHubSpot]:
    with FakeHubSpot() as fake:
        yield fake


@pytest.fixture
def connector_to() -> Iterator[Callable[..., Connector]]:
    """A fake and settings → a connector; it pauses by noting how long."""
    opened: list[Connector] = []

    def open_one(fake: FakeHubSpot, token: str = TOKEN, **more: Any) -> Connector:
        clock = {name: more.pop(name) for name in ("pause", "clock") if name in more}
        api = ApiSettings(token="env:HUBSPOT_TOKEN", base_url=fake.url, **more)
        opened.append(connect(api, {"token": token}, **({"pause": lambda seconds: None} | clock)))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def connector(hubspot: FakeHubSpot, connector_to: Callable[..., Connector]) -> Connector:
    return connector_to(hubspot)


@pytest.fixture
def since_forever(hubspot: FakeHubSpot) -> Window:
    """The first load: everything."""
    return Window(None, hubspot.now + timedelta(hours=1))


@pytest.fixture
def last_day() -> Window:
    """A night's window around the fake's `now`."""
    return Window(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))


@pytest.fixture
def read_all() -> Callable[..., list[Page]]:
    """All pages of an object by its name."""

    def read(connector: Connector, name: str, window: Window, resume: Any = None) -> list[Page]:
        wanted = next(one for one in connector.objects() if one.name == name)
        return list(connector.pages(wanted, window, resume))

    return read


@pytest.fixture
def line_of() -> Callable[[Page], Any]:
    """The JSON line that a page's body is."""

    def parse(page: Page) -> Any:
        assert page.body.endswith(b"\n")
        assert page.body.count(b"\n") == 1
        return json.loads(page.body)

    return parse


@pytest.fixture
def ids_of(line_of: Callable[[Page], Any]) -> Callable[[list[Page]], list[str]]:
    """The ids of all records of the pages, in order."""

    def collect(pages: list[Page]) -> list[str]:
        ids = [record["id"] for page in pages for record in line_of(page)["page"]["results"]]
        assert sum(page.records for page in pages) == len(ids)
        return ids

    return collect
