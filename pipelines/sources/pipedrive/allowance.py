"""The company's daily allowance of API tokens, as Pipedrive's own headers tell it.

It is shared by everything that uses the company's API. Pipedrive leaves the headers out now and then; what was said
last holds. `x-daily-requests-left` counts writing requests only and is none of our business.
"""

from __future__ import annotations

import httpx

from pipelines.sources.extraction.faults import BudgetError

_LIMIT, _LEFT = "x-daily-ratelimit-token-limit", "x-daily-ratelimit-token-remaining"
_BURST_LEFT, _BURST_RESET = "x-ratelimit-remaining", "x-ratelimit-reset"
_LONGEST_BURST_SECONDS = 10.0


class Allowance:
    """What is left today. `share` is how much of it may be used up, others' use included."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._limit: float | None = None
        self._left: float | None = None

    def note(self, response: httpx.Response) -> float:
        """Takes note of a response; gives the seconds to wait until the burst's window is over.

        Raises BudgetError when a 429 says that the day's tokens are gone: waiting minutes would not help.
        """
        self._limit = _number(response, _LIMIT) or self._limit
        left = _number(response, _LEFT)
        self._left = self._left if left is None else left
        if response.status_code == 429 and left is not None and left <= 0:
            raise self._used_up()
        if response.status_code != 429 and (_number(response, _BURST_LEFT) or 0) >= 1:
            return 0.0
        return min(max(_number(response, _BURST_RESET) or 0.0, 0.0), _LONGEST_BURST_SECONDS)

    def require(self, tokens: int) -> None:
        """Raises BudgetError when a request of so many tokens would go beyond the share."""
        if self._left is None:
            return
        reserve = 0.0 if self._limit is None else self._limit * (1 - self._share)
        if self._left - tokens < reserve:
            raise self._used_up()

    def said(self) -> str:
        """What is left, for people; '' when Pipedrive did not say."""
        if self._left is None:
            return ""
        return f"{self._left:,.0f}" + ("" if self._limit is None else f" of {self._limit:,.0f}") + " tokens left today"

    def _used_up(self) -> BudgetError:
        return BudgetError(
            f"Pipedrive's daily allowance is used up as far as `api.daily_share` ({self._share:g}) permits:"
            f" {self.said()}",
            "Nothing to do: the next night goes on where this one stopped. Raise `api.daily_share`, ask for fewer"
            " `api.objects`, or see in Pipedrive what else uses the API.",
        )


def _number(response: httpx.Response, header: str) -> float | None:
    try:
        return float(response.headers[header])
    except (KeyError, ValueError):
        return None
