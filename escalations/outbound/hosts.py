"""The one guard before every request that leaves the desk: which hosts may be spoken to, and by which address.

    with guarded("eu", "eu-de") as refused:
        ...                     # whatever uses `requests` in here reaches allowed, public hosts only

What is asked for must be on the list of its region (`settings.THROUGHLINE_OUTBOUND_HOSTS`), by http or https, on a
port of the list. Its name is resolved once; if any of its addresses is not a public one, the request is refused, and
the connection is made to the very address that was looked at: a name that answers otherwise a moment later gains
nothing. A redirect is another request, and is looked at like the first. Proxies of the environment are not used.

The mail server and the database are the operator's own settings, and are not asked for here.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import idna
from django.conf import settings

if TYPE_CHECKING:
    import requests

PORTS: Mapping[str, int] = {"http": 80, "https": 443}
"""The schemes, each with the port that needs no word on the list; another port is named there: `host:8443`."""
EVERYWHERE = "*"
"""The region whose hosts are allowed to every region."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: Not public, or another address in disguise, whatever the running Python's tables say.
_CLOSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32", "100.100.100.200/32",
        "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
        "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
#: What some resolvers read as a number, and so as an address: 2130706433, 0x7f000001, 127.1, 0177.0.0.1.
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_INSIDE = frozenset(
    {"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "arpa", "onion"}
)


class HostRefused(Exception):
    """A request may not leave. `str()` of it says why and names the host, never the rest of the address."""


@dataclass(frozen=True, slots=True)
class Target:
    """A host that may be spoken to, with the address that was looked at."""

    host: str
    port: int
    address: str


def looked_at(url: str, allowed: Collection[str]) -> Target:
    """The one place to connect to for `url`, when it may be asked for.

    allowed   hosts of the list, `host` or `host:port`

    One resolution of the name. Raises HostRefused.
    """
    host, port = listed(url, allowed)
    addresses = resolve(host, port)
    if not addresses:
        raise HostRefused(f"{host} has no address.")
    for address in addresses:
        if why := why_closed(address):
            raise HostRefused(f"{host} leads to {why}: such addresses are not spoken to.")
    return Target(host, port, addresses[0])


def listed(url: str, allowed: Collection[str]) -> tuple[str, int]:
    """The host and port of `url`, when it is one of the list. Asks no resolver. Raises HostRefused."""
    host, port = _parsed(url)
    own = (host, 0) if port == PORTS[urlsplit(url).scheme.lower()] else (host, port)
    if not {own, (host, port)} & set(map(_entry, allowed)):
        said = host if port in PORTS.values() else f"{host}:{port}"
        raise HostRefused(f"{said} is not among the hosts that may be spoken to. Add it to THROUGHLINE_OUTBOUND_HOSTS.")
    return host, port


def why_closed(address: str) -> str:
    """What kind of address it is that may not be spoken to; empty for a public one."""
    try:
        ip: Address = ipaddress.ip_address(address)
    except ValueError:
        return "no address"
    if ip.is_loopback:
        return "this machine itself"
    if ip.is_link_local:
        return "a link-local address"
    if ip.is_multicast:
        return "a multicast address"
    if not ip.is_global or any(ip.version == net.version and ip in net for net in _CLOSED):
        return "a private or reserved address"
    return ""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, in the resolver's order. Raises HostRefused when it is not known."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise HostRefused(f"{host} is not known: no address was found.") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def hosts_of(regions: Sequence[str]) -> frozenset[str]:
    """The hosts that are allowed to a region: its own, those of the regions around it, and those of every region."""
    lists: Mapping[str, Collection[str]] = settings.THROUGHLINE_OUTBOUND_HOSTS
    return frozenset(host for region in (EVERYWHERE, *regions) for host in lists.get(region, ()))


def misread() -> list[str]:
    """Entries of the list that name no host, and so allow nothing."""
    lists: Mapping[str, Collection[str]] = settings.THROUGHLINE_OUTBOUND_HOSTS
    return sorted({entry for hosts in lists.values() for entry in hosts if not _entry(entry)[0]})


def _entry(entry: str) -> tuple[str, int]:
    host, _, port = entry.strip().lower().rpartition(":") if not entry.endswith("]") else (entry.strip(), "", "")
    if not host or not port.isdecimal():
        host, port = entry.strip(), "0"
    try:
        return plain(host), int(port)
    except HostRefused:
        return "", -1


def plain(host: str) -> str:
    """A host in the one form in which it is compared: lower case, ASCII, without the dot at its end.

    Raises HostRefused for what is no name of a public host, and for every way to write an address but the usual two.
    """
    refused = HostRefused("The address names no host of the public internet.")
    text = host.strip("[]") if host.startswith("[") and host.endswith("]") else host
    if ":" in text:
        if "%" in text:
            raise refused
        try:
            return str(ipaddress.IPv6Address(text))
        except ValueError:
            raise refused from None
    try:
        name = idna.encode(text, uts46=True).decode().rstrip(".").lower() if not text.isascii() else text.lower()
    except (idna.IDNAError, UnicodeError):
        raise refused from None
    name = name.removesuffix(".")
    labels = name.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(name))
        except ValueError:
            raise refused from None
    if len(name) > 253 or len(labels) < 2 or labels[-1] in _INSIDE or not all(map(_LABEL.fullmatch, labels)):
        raise refused
    return name


def _parsed(url: str) -> tuple[str, int]:
    if not url.isprintable() or re.search(r"[\s\\]", url):
        raise HostRefused("The address holds characters that no address holds.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise HostRefused("The address cannot be understood.") from None
    scheme = parts.scheme.lower()
    if scheme not in PORTS:
        raise HostRefused("Only http and https leave the desk.")
    if "@" in parts.netloc:
        raise HostRefused("The address holds a name or password before its host.")
    if port == 0:
        raise HostRefused("The address names no port.")
    return plain(parts.hostname or ""), port or PORTS[scheme]


# -------------------------------------------------------------------------------------------- what `requests` may reach

_allowed: ContextVar[frozenset[str] | None] = ContextVar("outbound_hosts", default=None)
_refused: ContextVar[list[str] | None] = ContextVar("outbound_refused", default=None)
_rehearsing: ContextVar[bool] = ContextVar("outbound_rehearsing", default=False)


@contextmanager
def guarded(*regions: str) -> Iterator[list[str]]:
    """Within the block (and its thread), every request by the library `requests` goes through the guard, whoever makes
    it; a library that swallows errors leaves the reasons in the list that is given.

    regions   keys of the region on whose behalf it is, and of those around it
    """
    install()
    said: list[str] = []
    tokens = _allowed.set(hosts_of(regions)), _refused.set(said)
    try:
        yield said
    finally:
        _allowed.reset(tokens[0])
        _refused.reset(tokens[1])


@contextmanager
def rehearsed() -> Iterator[list[str]]:
    """Like `guarded` for every region at once, and nothing is sent: requests end where they would leave. The list that
    is given holds why a host is not on the list, or nothing."""
    token = _rehearsing.set(True)
    try:
        with guarded(*settings.THROUGHLINE_OUTBOUND_HOSTS) as said:
            yield said
    finally:
        _rehearsing.reset(token)


def install() -> None:
    """Have `requests` ask for its adapters here. Outside of `guarded` nothing changes. Twice is as once.

    Apprise's plugins call `requests.post` and offer no way to hand them a session; a session asks `get_adapter` for
    each request and for each redirect, so this is the place that none of them gets around.
    """
    from requests.sessions import Session

    original = Session.get_adapter
    if getattr(original, "guards", False):
        return

    def get_adapter(self: Session, url: str) -> Any:
        return original(self, url) if _allowed.get() is None else _adapter()

    get_adapter.guards = True  # type: ignore[attr-defined]
    Session.get_adapter = get_adapter  # type: ignore[method-assign,assignment]


def _adapter() -> requests.adapters.BaseAdapter:
    from requests.adapters import HTTPAdapter
    from requests.exceptions import InvalidURL

    class Pinned(HTTPAdapter):
        """Connects to the address that was looked at, under the name of its host."""

        target: Target | None = None

        def send(self, request: Any, *args: Any, **options: Any) -> Any:
            try:
                allowed = _allowed.get() or ()
                if _rehearsing.get():
                    listed(request.url, allowed)
                    raise InvalidURL("A rehearsal: nothing is sent.")
                self.target = looked_at(request.url, allowed)
            except HostRefused as error:
                said = _refused.get()
                if said is not None:
                    said.append(str(error))
                raise InvalidURL(str(error)) from None
            request.headers["Host"] = urlsplit(request.url).netloc
            options["proxies"] = {}
            return super().send(request, *args, **options)

        def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
            where, pool = super().build_connection_pool_key_attributes(request, verify, cert)
            target = self.target
            assert target is not None  # noqa: S101 - `send` has looked
            where |= {"host": target.address, "port": target.port}
            if where["scheme"] == "https":
                pool |= {"server_hostname": target.host, "assert_hostname": target.host}
            return where, pool

    return Pinned()
