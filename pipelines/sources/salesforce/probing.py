"""What doctor tries of an org: the way in, each object with its needed fields, and what is left of today's calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipelines.sources.extraction.faults import ExtractionError
from pipelines.sources.extraction.pages import Probe
from pipelines.sources.salesforce.account import Account
from pipelines.sources.salesforce.columns import Columns
from pipelines.sources.salesforce.objects import SalesforceObject


def probe(account: Account, columns: Columns, objects: Sequence[SalesforceObject]) -> Iterator[Probe]:
    """One probe a thing; without a way in nothing further is tried."""
    try:
        account.json("GET", "/", expects=lambda value: isinstance(value, dict) and "sobjects" in value)
    except ExtractionError as error:
        yield Probe("login and API access", error.what, error.remedy)
        return
    yield Probe("login and API access")
    for each in objects:
        yield _probe_object(columns, each)
    yield _probe_allowance(account)


def _probe_object(columns: Columns, each: SalesforceObject) -> Probe:
    try:
        columns.of(each)
    except ExtractionError as error:
        if each.is_optional:
            return Probe(f"{each.scope} (optional, left out: {error.what})")
        return Probe(each.scope, error.what, error.remedy)
    return Probe(each.scope)


def _probe_allowance(account: Account) -> Probe:
    if account.usage is None:
        return Probe("API calls of today: the org does not say")
    said = f"API calls of today: {account.usage.used:,} of {account.usage.allowed:,} used"
    if account.is_over_share():
        return Probe(
            said,
            "as many calls are used as `api.daily_share` permits",
            "Raise the share, or look which other program uses them: Setup, System Overview.",
        )
    return Probe(said)
