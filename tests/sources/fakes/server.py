"""The common part of the vendors' fakes: a real HTTP server on 127.0.0.1 that answers from a state and fails on demand.

A vendor's fake is a subclass of `FakeVendor` that knows its routes. What belongs here: HTTP and faults. What does not:
anything that a vendor's documentation says.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """What was asked: `query` has the last value of each parameter, `value` the parsed JSON body or form fields.

    `repeated` has all values of each parameter.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    value: Any
    repeated: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """What is answered; a body that is no bytes is sent as JSON."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Fault:
    """Spoils the answers to paths that match, from the `after`-th such request on, `times` times.

    `how`: `status` answers `status` with `headers`; `html` a web page; `error_200` an error body under 200; `cut` half
    of the right answer, well framed; `hang_up` closes the connection in the middle of the body.
    """

    path: str
    how: str
    times: int = 1
    after: int = 0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    seen: int = 0

    def strikes(self, request: Request) -> bool:
        if re.search(self.path, request.path) is None:
            return False
        self.seen += 1
        return self.after < self.seen <= self.after + self.times


class FakeVendor:
    """`url` is where it answers; `asked` lists every request; `limit_every` answers each so-many-th request with 429."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.asked: list[Request] = []
        self.limit_every = 0
        self.limit_headers: dict[str, str] = {}
        self._lock = threading.Lock()
        self._was_asked = threading.Condition(self._lock)
        self._server: ThreadingHTTPServer | None = None

    def answer(self, request: Request) -> Response:
        """The right answer; runs under a lock, one request at a time."""
        raise NotImplementedError

    def __enter__(self) -> FakeVendor:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def wait_for_request(self, after: int, seconds: float = 1.0) -> None:
        """Returns once more than `after` requests have come, or the time is over."""
        with self._was_asked:
            self._was_asked.wait_for(lambda: len(self.asked) > after, seconds)

    def respond(self, request: Request) -> tuple[Response, str]:
        with self._lock:
            self.asked.append(request)
            self._was_asked.notify_all()
            if self.limit_every and len(self.asked) % self.limit_every == 0:
                return Response({"status": "error", "message": "too many requests"}, 429, self.limit_headers), ""
            for fault in self.faults:
                if fault.strikes(request):
                    return self._spoiled(fault, request)
            return self.answer(request), ""

    def _spoiled(self, fault: Fault, request: Request) -> tuple[Response, str]:
        if fault.how == "status":
            return Response({"status": "error", "message": "told to fail"}, fault.status, fault.headers), ""
        if fault.how == "html":
            return Response(b"<!doctype html><html><body>Sign in</body></html>", 200, {"Content-Type": "text/html"}), ""
        if fault.how == "error_200":
            return Response({"status": "error", "success": False, "message": "told to fail"}, 200), ""
        right = self.answer(request)
        if fault.how == "cut":
            return Response(right.encoded()[: len(right.encoded()) // 2], right.status, right.headers), ""
        return right, "hang_up"


def _handler_of(vendor: FakeVendor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length) if length else b""
            parts = urlsplit(self.path)
            repeated = parse_qs(parts.query, keep_blank_values=True)
            query = {name: values[-1] for name, values in repeated.items()}
            headers = {k.lower(): v for k, v in self.headers.items()}
            request = Request(self.command, parts.path, query, headers, _parsed(raw), repeated)
            response, how = vendor.respond(request)
            body = response.encoded()
            self.send_response(response.status)
            for name, value in {"Content-Type": "application/json", **response.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if how == "hang_up" else body)
            if how == "hang_up":
                self.close_connection = True

        do_GET = do_POST = do_PATCH = do_DELETE = _any

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    return Handler


def _parsed(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return {name: values[-1] for name, values in parse_qs(raw.decode("utf-8", "replace")).items()}
