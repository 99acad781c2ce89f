"""HTTP towards a vendor: slow enough, patient with 429 and 5xx, and strict about what counts as an answer.

What belongs here: one request until it is answered. What does not: which requests (the connectors).
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import httpx
import stamina

from pipelines.sources.extraction.faults import DeniedError, ExpiredError, ExtractionError, GarbledError, LockedOutError

stamina.instrumentation.set_on_retry_hooks(())  # it would write a log line on our standard output for each retry
_AGENT = "Touchline"
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_LONGEST_WAIT_SECONDS = 120.0
_GARBLED_TRIES = 5
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 524})
"""Statuses that pass by themselves."""


@dataclass(frozen=True)
class Answer:
    """A good response: its bytes as they came, and the parsed value when it is JSON."""

    body: bytes
    headers: httpx.Headers
    value: Any = None


@dataclass(frozen=True)
class _Sent:
    """What goes with a request."""

    params: Mapping[str, Any] | None
    payload: Any
    form: Mapping[str, str] | None
    accept: str = "application/json"


@cache
def _trust() -> ssl.SSLContext:
    """Whose certificates are believed, as httpx has it; read once a process, not once an account."""
    return httpx.create_ssl_context()


@dataclass
class Polite:
    """One account's connection. `vendor` is used in messages.

    `headers` is asked before every request, so that a renewed token is used. `after` sees each response and says for
    how many seconds the next request must wait. `is_limit` says whether another status (Salesforce's 403) means "later".
    `explain` knows the vendor's own words for a refusal (response, path, needs); None leaves it to the common ones.
    """

    vendor: str
    base_url: str
    headers: Callable[[], Mapping[str, str]]
    patience_seconds: float = 900.0
    least_gap_seconds: float = 0.0
    after: Callable[[httpx.Response], float] = lambda response: 0.0
    is_limit: Callable[[httpx.Response], bool] = lambda response: False
    explain: Callable[[httpx.Response, str, str], ExtractionError | None] = lambda response, path, needs: None
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    transport: httpx.BaseTransport | None = None
    _free_at: float = field(default=0.0, init=False)
    _client: httpx.Client | None = field(default=None, init=False)

    def json(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        payload: Any = None,
        form: Mapping[str, str] | None = None,
        needs: str = "",
        expects: Callable[[Any], bool] = lambda value: True,
    ) -> Answer:
        """A JSON answer. `needs` names the scope, for the message when it is missing; `form` is sent as form fields.

        `expects` says whether the value has the shape of an answer: an error body under status 200 has not. What is
        garbled is asked for again a few times, then GarbledError.
        """
        return self._ask(lambda: self._json_once(method, path, _Sent(params, payload, form), needs, expects))

    def text(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        payload: Any = None,
        needs: str = "",
        expects: Callable[[Answer], bool] = lambda answer: True,
    ) -> Answer:
        """An answer that is no JSON (a CSV page); `expects` as in `json`, for the whole answer."""
        return self._ask(
            lambda: self._text_once(method, path, _Sent(params, payload, None, "text/csv"), needs, expects)
        )

    def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _ask(self, once: Callable[[], Answer]) -> Answer:
        """Tries until it is answered: faults that pass are tried again until the patience ends."""
        garbled = 0

        def is_passing(error: Exception) -> bool | float:
            nonlocal garbled
            garbled += isinstance(error, _GarbledOnceError)
            return _is_passing(error) if garbled < _GARBLED_TRIES else False

        try:
            for attempt in stamina.retry_context(
                on=is_passing,
                attempts=None if self.patience_seconds else 1,
                timeout=self.patience_seconds or None,
                wait_initial=0.5,
                wait_max=60.0,
                wait_jitter=2.0,
            ):
                with attempt:
                    return once()
        except httpx.TransportError as error:
            raise ExtractionError(
                f"{self.vendor} could not be reached ({type(error).__name__})",
                "Look at the network and at the vendor's status page; the next night goes on where this one stopped.",
            ) from error
        except _GarbledOnceError as error:
            raise GarbledError(
                f"{self.vendor} answered {garbled} times with {error.said}",
                "Look at `api.base_url` and at the vendor's status page; the cursor did not move.",
            ) from error
        except _LaterError as error:
            raise ExtractionError(
                f"{self.vendor} did not answer within {self.patience_seconds:.0f} seconds of trying (last: {error.said})",
                "Wait, or raise `api.patience_seconds`; the next night goes on where this one stopped.",
            ) from error
        raise AssertionError("a retry ends by returning or raising")

    def _json_once(self, method: str, path: str, sent: _Sent, needs: str, expects: Callable[[Any], bool]) -> Answer:
        response = self._send(method, path, sent, needs)
        try:
            value = json.loads(response.content)
        except ValueError:
            raise _GarbledOnceError(what_came(response)) from None
        if not expects(value):
            raise _GarbledOnceError(what_came(response))
        return Answer(response.content, response.headers, value)

    def _text_once(self, method: str, path: str, sent: _Sent, needs: str, expects: Callable[[Answer], bool]) -> Answer:
        response = self._send(method, path, sent, needs)
        answer = Answer(response.content, response.headers)
        if response.content.lstrip()[:1] == b"<":
            raise _GarbledOnceError(what_came(response))
        if not expects(answer):
            raise _GarbledOnceError(f"{len(answer.body):,} bytes that are not the whole page (cut in the middle?)")
        return answer

    def _send(self, method: str, path: str, sent: _Sent, needs: str) -> httpx.Response:
        self._wait_our_turn()
        if self._client is None:
            self._client = httpx.Client(
                base_url=self.base_url,
                timeout=_TIMEOUT,
                transport=self.transport,
                headers={"User-Agent": _AGENT},
                verify=_trust(),
            )
        response = self._client.request(
            method,
            path,
            params=sent.params,
            json=sent.payload,
            data=sent.form,
            headers={"Accept": sent.accept, **self.headers()},
        )
        self._free_at = self.clock() + max(self.least_gap_seconds, self.after(response))
        if response.status_code in PASSING or self.is_limit(response):
            raise _LaterError(str(response.status_code), wait_of(response))
        if response.status_code >= 300:
            raise self.explain(response, path, needs) or self._refused(response, path, needs)
        return response

    def _wait_our_turn(self) -> None:
        wait = self._free_at - self.clock()
        if wait > 0:
            self.pause(min(wait, _LONGEST_WAIT_SECONDS))

    def _refused(self, response: httpx.Response, path: str, needs: str) -> ExtractionError:
        status = response.status_code
        if status == 401:
            return LockedOutError(
                f"{self.vendor} refuses the token (401)",
                "Make a new one and put it into the variable that `api` names; touchline doctor tries it.",
            )
        if status == 403:
            scope = f" It needs the scope or permission {needs}." if needs else ""
            return DeniedError(
                f"{self.vendor} does not allow {path} (403).{scope}",
                "Give it to the token's app or user, or leave the object out: api: {objects: […]}.",
            )
        if status in (404, 410):
            return ExpiredError(
                f"{self.vendor} does not know {path} ({status})",
                "Look at `api.base_url` and `api.version`; an expired cursor starts its window anew by itself.",
            )
        return GarbledError(
            f"{self.vendor} refused {path} ({status}): {what_came(response)}",
            "Report it with this message; the cursor did not move.",
        )


class _LaterError(Exception):
    """Try again, after so many seconds (None: the back-off's own)."""

    def __init__(self, said: str, wait: float | None) -> None:
        super().__init__(said)
        self.said = said
        self.wait = wait


class _GarbledOnceError(_LaterError):
    """What came is no answer."""

    def __init__(self, said: str) -> None:
        super().__init__(said, None)


def _is_passing(error: Exception) -> bool | float:
    """For stamina: whether to try again, or the seconds to wait before."""
    if isinstance(error, _LaterError):
        return True if error.wait is None else min(error.wait, _LONGEST_WAIT_SECONDS)
    return isinstance(error, httpx.TransportError)


def wait_of(response: httpx.Response) -> float | None:
    """Retry-After in seconds, as a number or a date; None when the vendor does not say."""
    said = response.headers.get("Retry-After", "").strip()
    if not said:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        until, answered = parsedate_to_datetime(said), parsedate_to_datetime(response.headers["Date"])
    except (ValueError, KeyError, TypeError):
        return None
    return max(0.0, (until - answered).total_seconds())


def what_came(response: httpx.Response) -> str:
    """The kind of a strange answer and its first words; of JSON the message alone, of HTML nothing."""
    if response.content.lstrip()[:1] == b"<":
        return "a web page instead of data"
    try:
        value = response.json()
    except ValueError:
        return f"{len(response.content):,} bytes that are no JSON (cut in the middle?)"
    said = value.get("message") or value.get("error") if isinstance(value, dict) else None
    return str(said)[:200] if said else "an answer without the expected list"
