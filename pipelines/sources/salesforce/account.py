"""One org: a token that is renewed once when it ended, and no more requests than the settings permit.

Salesforce says with every answer how many calls the org has used today (`Sforce-Limit-Info`), other programs' included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from models.api_settings import ApiSettings
from models.errors import SettingsError
from pipelines.sources.extraction.faults import BudgetError
from pipelines.sources.extraction.polite import Answer, Polite
from pipelines.sources.salesforce.refusals import StaleTokenError, explained, is_passing_limit, login_refused

_VERSION = "v62.0"
_USED = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")
_SHARED_LOGINS = frozenset({"login.salesforce.com", "test.salesforce.com"})
_OWN_MACHINE = frozenset({"127.0.0.1", "localhost"})
_T = TypeVar("_T")


@dataclass(frozen=True)
class Usage:
    """How many API calls the org has used of how many in 24 hours."""

    used: int
    allowed: int


class Tokens:
    """The access token: as given, or fetched with the client-credentials flow when it is first needed."""

    def __init__(self, login: Polite, secrets: Mapping[str, str]) -> None:
        self._login = login
        self._secrets = secrets
        self._token = secrets.get("token")

    def headers(self) -> Mapping[str, str]:
        """What every request carries."""
        if self._token is None:
            self._token = self._fetched()
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """Forgets the token; False when there is no way to another one."""
        if "token" in self._secrets:
            return False
        self._token = None
        return True

    def _fetched(self) -> str:
        answer = self._login.json(
            "POST",
            "/services/oauth2/token",
            form={
                "grant_type": "client_credentials",
                "client_id": self._secrets["client_id"],
                "client_secret": self._secrets["client_secret"],
            },
            expects=lambda value: isinstance(value, dict) and isinstance(value.get("access_token"), str),
        )
        return str(answer.value["access_token"])


class Account:
    """What the rest of this package asks with; paths are relative to the API's version."""

    def __init__(self, api: ApiSettings, secrets: Mapping[str, str], pause: Callable[[float], None]) -> None:
        base_url = _my_domain(api)
        patience = float(api.patience_seconds)
        self.patience_seconds = patience
        self.pause = pause
        self.usage: Usage | None = None
        self._root = f"/services/data/v{(api.version or _VERSION).lower().removeprefix('v')}"
        self._daily_share = api.daily_share
        self._login = Polite("Salesforce", base_url, dict, patience, pause=pause, explain=login_refused)
        self._tokens = Tokens(self._login, secrets)
        self._polite = Polite(
            "Salesforce",
            base_url,
            self._tokens.headers,
            patience,
            after=self._note_usage,
            is_limit=is_passing_limit,
            explain=explained,
            pause=pause,
        )

    def json(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        payload: Any = None,
        needs: str = "",
        expects: Callable[[Any], bool] = lambda value: True,
    ) -> Answer:
        """A JSON answer, within the daily share. Raises ExtractionError."""
        full = self._full(path)
        return self._renewing(
            lambda: self._polite.json(method, full, params=params, payload=payload, needs=needs, expects=expects)
        )

    def csv(self, path: str, *, params: Mapping[str, Any], needs: str, expects: Callable[[Answer], bool]) -> Answer:
        """A page of CSV, within the daily share. Raises ExtractionError."""
        full = self._full(path)
        return self._renewing(lambda: self._polite.text("GET", full, params=params, needs=needs, expects=expects))

    def is_over_share(self) -> bool:
        """Whether the org has used as much of today's calls as the settings permit."""
        return self.usage is not None and self.usage.used >= self.usage.allowed * self._daily_share

    def close(self) -> None:
        """Closes the connections."""
        self._polite.close()
        self._login.close()

    def _full(self, path: str) -> str:
        return path if path.startswith("/services/") else self._root + path

    def _renewing(self, ask: Callable[[], _T]) -> _T:
        self._stay_within_share()
        try:
            return ask()
        except StaleTokenError:
            if not self._tokens.renew():
                raise
        return ask()

    def _stay_within_share(self) -> None:
        if self.usage is not None and self.is_over_share():
            raise BudgetError(
                f"Salesforce's org has used {self.usage.used:,} of its {self.usage.allowed:,} API calls of today; "
                f"`api.daily_share` is {self._daily_share:g}",
                "The next night goes on by itself; raise the share if no other program needs the rest.",
            )

    def _note_usage(self, response: httpx.Response) -> float:
        found = _USED.search(response.headers.get("Sforce-Limit-Info", ""))
        if found is not None:
            self.usage = Usage(int(found[1]), int(found[2]))
        return 0.0


def _my_domain(api: ApiSettings) -> str:
    if api.base_url is None:
        raise SettingsError(
            "Salesforce needs `api.base_url`", "Set it to the org's My Domain: https://<name>.my.salesforce.com."
        )
    address = urlsplit(api.base_url)
    if address.scheme != "https" and address.hostname not in _OWN_MACHINE:
        raise SettingsError(
            f"`api.base_url` is {api.base_url}: secrets would cross the network in the clear", "Write it with https://."
        )
    if address.hostname in _SHARED_LOGINS:
        raise SettingsError(
            f"`api.base_url` is {api.base_url}, the login page of all orgs",
            "Set it to this org's own address, its My Domain: https://<name>.my.salesforce.com.",
        )
    return api.base_url.rstrip("/")
