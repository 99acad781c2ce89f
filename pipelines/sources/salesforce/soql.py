"""The few queries that are asked, in SOQL.

Of large tables no ORDER BY and no LIMIT: either would switch off the chunking by primary key that lets Salesforce answer
large queries at all, and a job's result does not move while it is read, so its pages need no order. Small ones that are
read whole are ordered, so that an unchanged table is the same bytes and nothing new.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pipelines.sources.extraction.pages import Window
from pipelines.sources.salesforce.objects import SalesforceObject


def changes_query(wanted: SalesforceObject, columns: Sequence[str], window: Window) -> str:
    """What changed in [since, until); of an object without `changed` everything.

    Salesforce keeps whole seconds, so both ends are cut down to them: neighbouring windows still touch.
    """
    tests = [wanted.where] if wanted.where else []
    if wanted.changed is not None:
        if window.since is not None:
            tests.append(f"{wanted.changed} >= {_instant(window.since)}")
        tests.append(f"{wanted.changed} < {_instant(window.until)}")
    order = " ORDER BY Id" if wanted.changed is None else ""
    return _select(columns, wanted.name, tests) + order


def ids_query(wanted: SalesforceObject) -> str:
    """Every id that is not in the recycle bin: archived ones too, since queryAll runs it."""
    return _select(["Id"], wanted.name, ["IsDeleted = false"])


def _select(columns: Sequence[str], name: str, tests: Sequence[str]) -> str:
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    return f"SELECT {', '.join(columns)} FROM {name}{where}"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
