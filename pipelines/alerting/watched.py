"""Watches what a foreign library does on the network while it sends one message, in this thread only.

apprise connects by itself and says only whether it worked. So every name that it looks up is checked (also after a
redirect or by mail), it gets just the addresses that were checked, and the last HTTP status is remembered. And nothing
that it or its libraries log is kept meanwhile: some of their lines hold whole addresses with their tokens.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from pipelines.alerting.addresses import RefusedAddressError, is_allowed, is_public

if TYPE_CHECKING:
    from requests import Response

_TALKATIVE = frozenset({"apprise", "httpcore", "httpx", "requests", "urllib3"})
_one_at_a_time = threading.RLock()


@dataclass
class Seen:
    """What happened on the network; `status` is that of the last answer which was no success."""

    was_refused: bool = False
    status: int | None = None
    retry_after: str | None = None


@contextmanager
def watched(allow_hosts: Collection[str]) -> Iterator[Seen]:
    """Within it, this thread connects to public addresses and `allow_hosts` only; others get RefusedAddressError."""
    from requests.sessions import Session

    seen, thread = Seen(), threading.get_ident()
    with _one_at_a_time, muted():
        look_up, send = socket.getaddrinfo, Session.send
        socket.getaddrinfo = _checked(look_up, seen, thread, allow_hosts)
        Session.send = _remembered(send, seen, thread)  # type: ignore[method-assign]
        try:
            yield seen
        finally:
            socket.getaddrinfo = look_up
            Session.send = send  # type: ignore[method-assign]


@contextmanager
def muted() -> Iterator[None]:
    """What this thread logs through the libraries that send is dropped: their lines hold addresses with tokens."""
    thread = threading.get_ident()

    def is_of_others(record: logging.LogRecord) -> bool:
        return record.thread != thread

    known = [name for name in list(logging.Logger.manager.loggerDict) if name.partition(".")[0] in _TALKATIVE]
    loggers = [logging.getLogger(name) for name in {*_TALKATIVE, *known}]
    for logger in loggers:
        logger.addFilter(is_of_others)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_of_others)


def _checked(look_up: Any, seen: Seen, thread: int, allow_hosts: Collection[str]) -> Any:
    @wraps(look_up)
    def checked(host: Any, *arguments: Any, **named: Any) -> Any:
        found = look_up(host, *arguments, **named)
        if threading.get_ident() != thread:
            return found
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
        if not is_allowed(name, allow_hosts) and not all(is_public(str(address[0])) for *_, address in found):
            seen.was_refused = True
            raise RefusedAddressError("a private, local or metadata address")
        return found

    return checked


def _remembered(send: Callable[..., Response], seen: Seen, thread: int) -> Callable[..., Response]:
    @wraps(send)
    def remembered(*arguments: Any, **named: Any) -> Response:
        answer = send(*arguments, **named)
        if threading.get_ident() == thread and answer.status_code >= 300:
            seen.status, seen.retry_after = answer.status_code, answer.headers.get("Retry-After")
        return answer

    return remembered
