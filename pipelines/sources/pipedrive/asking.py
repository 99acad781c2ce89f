"""One request to Pipedrive within the allowance, and the address, token and limits that go with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from models.api_settings import ApiSettings
from models.errors import SettingsError
from pipelines.sources.extraction.faults import ExpiredError, ExtractionError
from pipelines.sources.extraction.polite import Answer, Polite
from pipelines.sources.pipedrive.allowance import Allowance
from pipelines.sources.pipedrive.answers import is_list


class Pipedrive:
    """One company's API. `patience_seconds` is how long one request is tried again."""

    def __init__(
        self,
        api: ApiSettings,
        secrets: Mapping[str, str],
        pause: Callable[[float], None] = time.sleep,
        patience_seconds: float | None = None,
    ) -> None:
        if api.base_url is None or "token" not in secrets:
            raise SettingsError(
                "a Pipedrive source needs `api.base_url` and `api.token`",
                "Write api: {base_url: https://<company>.pipedrive.com, token: env:NAME}.",
            )
        token = secrets["token"]
        self.allowance = Allowance(api.daily_share)
        self._polite = Polite(
            "Pipedrive",
            api.base_url.rstrip("/"),
            lambda: {"x-api-token": token, "Accept": "application/json"},
            patience_seconds=api.patience_seconds if patience_seconds is None else patience_seconds,
            after=self.allowance.note,
            explain=_explain,
            pause=pause,
        )

    def get(
        self,
        path: str,
        params: Mapping[str, str | int | None],
        *,
        scope: str,
        tokens: int,
        expects: Callable[[Any], bool] = is_list,
    ) -> Answer:
        """A good answer. `tokens` is what it costs. Raises ExtractionError; ExpiredError for an old cursor."""
        self.allowance.require(tokens)
        given = {name: value for name, value in params.items() if value is not None}
        return self._polite.json("GET", path, params=given, needs=scope, expects=expects)

    def close(self) -> None:
        """Closes the connections."""
        self._polite.close()


def _explain(response: httpx.Response, path: str, needs: str) -> ExtractionError | None:
    """The only thing that can be wrong about a request of ours is the cursor, which Pipedrive itself gave us."""
    if response.status_code != 400 or "cursor" not in response.request.url.params:
        return None
    return ExpiredError(
        f"Pipedrive no longer knows the cursor with which {path} was to go on (400)",
        "Nothing to do: the window starts anew by itself.",
    )
