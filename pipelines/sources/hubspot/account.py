"""One HubSpot account over HTTP: its paths and its allowance."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from models.api_settings import ApiSettings
from pipelines.sources.extraction.faults import BudgetError
from pipelines.sources.extraction.polite import Answer, Polite
from pipelines.sources.hubspot.refusals import explain_refusal, said_by

BASE_URL = "https://api.hubapi.com"
SEARCH_GAP_SECONDS = 0.21
"""Five searches a second and account, and a little room: the sixth must not come in the same second."""
_HEADER = "X-HubSpot-RateLimit-"
_MOST_INPUTS = 100
_DATED = re.compile(r"20\d\d-\d\d")


class Account:
    """Asks one account. Searches have a line of their own, because only they are limited to five a second."""

    def __init__(
        self, api: ApiSettings, token: str, pause: Callable[[float], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._version = (api.version or "v3").strip("/")
        self._daily_share = api.daily_share
        self.daily_left: int | None = None

        def line(gap: float) -> Polite:
            return Polite(
                "HubSpot",
                api.base_url or BASE_URL,
                lambda: {"Authorization": f"Bearer {token}"},
                patience_seconds=api.patience_seconds,
                least_gap_seconds=gap,
                after=self._heard,
                explain=explain_refusal,
                pause=pause,
                clock=clock,
            )

        self._asking, self._searching = line(0.0), line(SEARCH_GAP_SECONDS)

    def get(self, path: str, params: Mapping[str, Any], needs: str, expects: Callable[[Any], bool]) -> Answer:
        """A list."""
        return self._asking.json("GET", path, params=params, needs=needs, expects=expects)

    def search(self, crm_type: str, payload: Mapping[str, Any], needs: str, expects: Callable[[Any], bool]) -> Answer:
        """One query of the search."""
        return self._searching.json(
            "POST", f"{self.objects_path(crm_type)}/search", payload=payload, needs=needs, expects=expects
        )

    def read_batches(
        self, path: str, inputs: Sequence[Mapping[str, str]], needs: str, at_most: int = _MOST_INPUTS, **more: Any
    ) -> list[Answer]:
        """What is known about `inputs` (`{"id": …}`), in as many requests as it takes. What is gone is left out."""
        batches = [inputs[start : start + at_most] for start in range(0, len(inputs), at_most)]
        return [
            self._asking.json("POST", path, payload={"inputs": list(batch), **more}, needs=needs, expects=is_batch)
            for batch in batches
        ]

    def objects_path(self, crm_type: str) -> str:
        """`/crm/v3/objects/calls`, or with a dated version `/crm/objects/2026-09/calls`."""
        return self._path("objects", crm_type)

    def associations_path(self, crm_type: str, other: str) -> str:
        """Links from one type's records to another's; v4 beside the objects' v3."""
        if self._is_dated:
            return f"/crm/associations/{self._version}/{crm_type}/{other}/batch/read"
        return f"/crm/v4/associations/{crm_type}/{other}/batch/read"

    def properties_path(self, crm_type: str) -> str:
        """Which properties a type has in this account."""
        return self._path("properties", crm_type)

    def pipelines_path(self) -> str:
        """The pipelines of deals with their stages."""
        return self._path("pipelines", "deals")

    def owners_path(self) -> str:
        """The owners."""
        return self._path("owners", "").rstrip("/")

    def close(self) -> None:
        """Lets go of the connections."""
        self._asking.close()
        self._searching.close()

    @property
    def _is_dated(self) -> bool:
        return _DATED.fullmatch(self._version) is not None

    def _path(self, api: str, rest: str) -> str:
        return f"/crm/{api}/{self._version}/{rest}" if self._is_dated else f"/crm/{self._version}/{api}/{rest}"

    def _heard(self, response: httpx.Response) -> float:
        """Seconds to wait before the next request. Raises BudgetError when the day's share is used."""
        if response.status_code == 429 and _policy(response) == "DAILY":
            raise _used_up("HubSpot's daily allowance of this account is used up")
        self._keep_to_the_daily_share(response)
        return _seconds_to_wait(response)

    def _keep_to_the_daily_share(self, response: httpx.Response) -> None:
        allowed, left = _number(response, "Daily"), _number(response, "Daily-Remaining")
        if allowed is None or left is None:
            return
        self.daily_left = left
        if left < allowed * (1 - self._daily_share):
            raise _used_up(
                f"{allowed - left:,} of HubSpot's {allowed:,} requests a day are used, over {self._daily_share:.0%} of them"
            )


def is_list(value: Any) -> bool:
    """Whether an answer is a list of records."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("results"), list)
        and all(isinstance(record, dict) and "id" in record for record in value["results"])
    )


def is_search(value: Any) -> bool:
    """Whether an answer is a page of the search: numeric ids, and records or a cursor as long as `total` says there are."""
    return (
        is_list(value)
        and all(str(record["id"]).isdigit() for record in value["results"])
        and bool(value["results"] or next_cursor(value) or not value.get("total"))
    )


def is_batch(value: Any) -> bool:
    """Whether an answer is that of a batch; `errors` in it may only say that something is not there."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("results"), list)
        and all(_is_member(one) for one in value["results"])
        and all(_says_not_there(error) for error in value.get("errors") or ())
    )


def next_cursor(value: Mapping[str, Any]) -> str | None:
    """`paging.next.after`: HubSpot's own word for "more follows"."""
    following = (value.get("paging") or {}).get("next") or {}
    after = following.get("after")
    return None if after is None else str(after)


def _is_member(one: Any) -> bool:
    """A record, or the links of one."""
    if not isinstance(one, dict):
        return False
    return "id" in one or (isinstance(one.get("from"), dict) and isinstance(one.get("to"), list))


def _says_not_there(error: Any) -> bool:
    if not isinstance(error, dict):
        return False
    return error.get("category") == "OBJECT_NOT_FOUND" or "NO_ASSOCIATIONS_FOUND" in str(error.get("subCategory"))


def _seconds_to_wait(response: httpx.Response) -> float:
    """The rest of a short window is left alone when a tenth of its requests is left."""
    most, left = _number(response, "Max"), _number(response, "Remaining")
    if most is None or left is None or left >= most / 10:
        return 0.0
    return (_number(response, "Interval-Milliseconds") or 10_000) / 1000


def _number(response: httpx.Response, name: str) -> int | None:
    said = response.headers.get(_HEADER + name, "")
    return int(said) if said.isdigit() else None


def _policy(response: httpx.Response) -> str:
    return str(said_by(response).get("policyName", "")).upper()


def _used_up(what: str) -> BudgetError:
    return BudgetError(
        what, "The next night goes on where this one stopped; `api.daily_share` says how much of it Touchline may use."
    )
