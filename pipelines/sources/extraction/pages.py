"""What an extraction hands on: responses as they came, page by page, and where to go on after each.

A connector knows one vendor; it asks and never writes. Landing, cursors and windows are `landing_pages`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

Resume = Mapping[str, str | int | bool | None]
"""Where to go on after a page, as plain JSON values; what it means is the connector's own."""


@dataclass(frozen=True)
class Window:
    """Records that changed in [since, until); `since` None asks for everything there ever was. Aware instants in UTC."""

    since: datetime | None
    until: datetime


@dataclass(frozen=True)
class Page:
    """One answer. `body` is the response as it came (or, as one JSON line, the responses that belong together).

    `records` is how many records it holds; 0 is a page like any other. `resume` None says that nothing follows.
    `total` is how many records the whole window holds, where the vendor says it: for the progress bar only.
    """

    body: bytes
    records: int
    resume: Resume | None
    total: int | None = None


@dataclass(frozen=True)
class ApiObject:
    """Something to ask for, in the order of the connector's list.

    `kind`: `changes` asks for what changed in a window; `whole` asks for everything every night (users, pipelines);
    `ids` lists all ids of `of`, now and then, so that what vanished is found. `lag` keeps the end of a window away
    from now (indexes lag), `lookback` repeats the end of the last one (clocks differ). `scope` is what the vendor calls
    the permission. `form` is how pages are kept: JSON a line, or CSV pages each with a header.
    """

    name: str
    kind: Literal["changes", "whole", "ids"]
    scope: str
    form: Literal["jsonl", "csv"] = "jsonl"
    lag: timedelta = timedelta(minutes=5)
    lookback: timedelta = timedelta(minutes=10)
    of: str | None = None
    is_optional: bool = False


@dataclass(frozen=True)
class Probe:
    """One thing that `doctor` tried: `problem` None is fine; else what is wrong, and `remedy` says what to do."""

    what: str
    problem: str | None = None
    remedy: str = ""


class Connector(Protocol):
    """One account of one vendor."""

    def objects(self) -> tuple[ApiObject, ...]:
        """What can be asked for."""
        ...

    def pages(self, wanted: ApiObject, window: Window, resume: Resume | None) -> Iterator[Page]:
        """The pages of a window, from the beginning or after the page whose `resume` is given.

        The same records may come twice, none may be missing. Raises ExtractionError; what was yielded before stands.
        """
        ...

    def probes(self) -> Iterator[Probe]:
        """Tries credentials, then each scope with the cheapest request there is; raises nothing."""
        ...

    def close(self) -> None:
        """Lets go of connections."""
        ...
