"""Where messages may go: public addresses, and private hosts that the settings name.

What belongs here: judging hosts and addresses. What does not: connecting (webhook.py, watched.py).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]

_NEVER = tuple(
    map(ipaddress.ip_network, ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "2001::/23"))
)
"""Inner services of clouds at addresses that count as public, and what Pythons of different age judge differently."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""How a network without IPv4 reaches one of its addresses: it is what that one is."""
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")


class RefusedAddressError(OSError):
    """The address is not one that messages may go to. Names neither it nor the host: they may be a secret's part."""


def is_public(text: str) -> bool:
    """Whether an address is one of the internet: not private, loopback, link-local, multicast, reserved or metadata,
    nor one of IPv6 that leads to such a one of IPv4."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if address in _NAT64:
        return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    if address in _SIX_TO_FOUR:
        return _is_public(ipaddress.IPv4Address((int(address) >> 80) & 0xFFFF_FFFF))
    return _is_public(address)


def is_allowed(host: str, allow_hosts: Collection[str]) -> bool:
    """Whether the settings name the host."""
    return _plain(host) in {_plain(name) for name in allow_hosts}


def addresses_of(host: str, port: int) -> list[str]:
    """What the system's resolver says; it also reads addresses written as decimal, octal or hex numbers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def checked_addresses(host: str, port: int, allow_hosts: Collection[str], resolve: Resolve) -> list[str]:
    """The addresses to connect to, resolved once. One bad address refuses the host: raises RefusedAddressError."""
    found = resolve(host, port)
    if not is_allowed(host, allow_hosts) and not all(map(is_public, found)):
        raise RefusedAddressError("a private, local or metadata address")
    return found


def written_address(host: str) -> str | None:
    """The address that a host is when it is written as one, also as decimal, octal or hex numbers; else None."""
    try:
        return str(ipaddress.ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host)) if host[:1].isdigit() else None
    except OSError:
        return None


def _is_public(address: Address) -> bool:
    """An IPv4 address that is written inside `::` or `::ffff:` is reserved, so it never is."""
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and not any(address in network for network in _NEVER)
    )


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
