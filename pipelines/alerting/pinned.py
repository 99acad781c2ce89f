"""An httpx transport that looks a host up once, checks what it found, and connects to just that.

Checking a name and letting the client look it up again would leave a gap: the second answer may be another. The name
stays in the Host header and in TLS, where the certificate is held against it.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection

import httpx

from pipelines.alerting.addresses import Resolve, checked_addresses

_PORTS = {"https": 443, "http": 80}


class PinnedTransport(httpx.HTTPTransport):
    """Raises RefusedAddressError for a host with an address that messages may not go to."""

    def __init__(self, allow_hosts: Collection[str], resolve: Resolve, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify, trust_env=False)
        self._allow_hosts = allow_hosts
        self._resolve = resolve

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Tries the addresses in the resolver's order until one can be connected to."""
        host, port = request.url.raw_host.decode("ascii"), request.url.port or _PORTS[request.url.scheme]
        found = checked_addresses(host, port, self._allow_hosts, self._resolve)
        extensions = {**request.extensions, "sni_hostname": host}
        for address in found[:-1]:
            try:
                return super().handle_request(_to(request, address, extensions))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return super().handle_request(_to(request, found[-1], extensions))


def _to(request: httpx.Request, address: str, extensions: dict[str, object]) -> httpx.Request:
    url = request.url.copy_with(host=address)
    return httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=extensions)
