"""What Pipedrive is asked for: one entry an object, with its addresses, its paging and what a request costs.

Of v2 where it exists, else of v1. Times are Pipedrive's `update_time`, which is kept to the second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pipelines.sources.extraction.pages import ApiObject

V1 = "/api/v1"
V2 = "/api/v2"
LIST_TOKENS, ARCHIVE_TOKENS, CHANGELOG_TOKENS = 10, 20, 20

Paging = Literal["cursor", "start", "none"]


@dataclass(frozen=True)
class Listing:
    """One list of records. `tokens` is what a page costs of the account's daily allowance."""

    path: str
    params: dict[str, str] = field(default_factory=dict)
    tokens: int = LIST_TOKENS


@dataclass(frozen=True)
class Endpoint:
    """An object and its list; a deal's changelog has two, those of the deals that it is asked for."""

    wanted: ApiObject
    listings: tuple[Listing, ...]
    paging: Paging = "cursor"
    page_size: int = 500


DEALS = Listing(f"{V2}/deals")
ARCHIVED_DEALS = Listing(f"{V2}/deals/archived", tokens=ARCHIVE_TOKENS)
CHANGELOG = ApiObject("deal_changelog", "changes", "deals:read")


def _changes(name: str, scope: str, listing: Listing) -> Endpoint:
    return Endpoint(ApiObject(name, "changes", scope), (listing,))


def _whole(name: str, scope: str, path: str, paging: Paging) -> Endpoint:
    return Endpoint(ApiObject(name, "whole", scope), (Listing(path),), paging)


_ENDPOINTS = (
    _whole("users", "users:read", f"{V1}/users", "none"),
    _whole("stages", "deals:read", f"{V2}/stages", "cursor"),
    _changes("organizations", "contacts:read", Listing(f"{V2}/organizations")),
    _changes("persons", "contacts:read", Listing(f"{V2}/persons")),
    _changes("deals", "deals:read", DEALS),
    _changes("deals_archived", "deals:read", ARCHIVED_DEALS),
    # Deleted deals are listed for 30 days, and nobody says that a deletion moves update_time: all are asked for.
    Endpoint(ApiObject("deals_deleted", "whole", "deals:read"), (Listing(f"{V2}/deals", {"status": "deleted"}),)),
    Endpoint(CHANGELOG, (DEALS, ARCHIVED_DEALS)),
    _changes("activities", "activities:read", Listing(f"{V2}/activities")),
    # The list has no filter and at most 50 a page: the whole of it is read every night.
    Endpoint(
        ApiObject("call_logs", "whole", "phone-integration", is_optional=True),
        (Listing(f"{V1}/callLogs"),),
        "start",
        page_size=50,
    ),
    Endpoint(ApiObject("activities_ids", "ids", "activities:read", of="activities"), (Listing(f"{V2}/activities"),)),
)

ENDPOINTS: dict[str, Endpoint] = {endpoint.wanted.name: endpoint for endpoint in _ENDPOINTS}
"""By name, in the order in which they are asked for: what others refer to comes first."""
