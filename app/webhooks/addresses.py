"""Where webhooks may go: this machine, and the hosts that the operator names. Whoever administers accounts is not
thereby let into the network that the server stands in.
"""

import re
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address

_PORTS = {"http": 80, "https": 443}
_PRINTABLE = re.compile(r"https?://[!-~]+")
_HOST = re.compile(r"[a-z0-9_.-]+|[0-9a-f:.]+")


class NotAnAddress(ValueError):
    """The text is no URL that a message could be sent to."""


class NotAllowed(Exception):
    """`code` says what is wrong with the place."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, taken apart once: what is checked is what is connected to."""

    secure: bool
    host: str
    port: int
    path: str
    """With the query."""

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.secure else "http"] else f"{host}:{self.port}"


def parse(url: str) -> Target:
    """NotAnAddress for whatever two readers of a URL could understand differently."""
    if not _PRINTABLE.fullmatch(url) or any(character in url for character in '\\"<>^`{|}#'):
        raise NotAnAddress
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotAnAddress from error
    host = (parts.hostname or "").removesuffix(".")
    if "@" in parts.netloc or not _HOST.fullmatch(host) or port == 0:
        raise NotAnAddress
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", host, port or _PORTS[parts.scheme], path)


def require_allowed(target: Target, allowed_hosts: Collection[str]) -> None:
    """NotAllowed unless the host is loopback, or named by the operator and reached over TLS."""
    if _is_loopback_name(target.host):
        return
    if target.host not in {host.lower().removesuffix(".") for host in allowed_hosts}:
        raise NotAllowed("host_not_allowed")
    if not target.secure:
        raise NotAllowed("https_required")


def resolve(target: Target) -> str:
    """The address to connect to: looked up once and checked, so that a name whose address changes between the check
    and the connection leads nowhere else. NotAllowed if it leads where its name may not; OSError if it leads nowhere.
    """
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = [_plain(ip_address(str(entry[4][0]).partition("%")[0])) for entry in found]
    may_be = _is_loopback if _is_loopback_name(target.host) else _is_elsewhere
    for address in _ipv4_first(addresses):
        if not may_be(address):
            raise NotAllowed("address_not_allowed")
    return str(_ipv4_first(addresses)[0])


def _ipv4_first(addresses: Iterable[Address]) -> list[Address]:
    return sorted(addresses, key=lambda address: address.version)


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_loopback_name(host: str) -> bool:
    try:
        return _plain(ip_address(host)).is_loopback
    except ValueError:
        return host == "localhost"


def _is_loopback(address: Address) -> bool:
    return address.is_loopback


def _is_elsewhere(address: Address) -> bool:
    """Private networks are where the authorities' own systems stand; this machine, and the link on which clouds
    answer with their credentials, are not.
    """
    return not (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.is_reserved and address.version == 4)
    )
