"""What leaves the desk reaches public hosts of the list only, whatever a name, an address or a redirect says."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from config.settings.base import by_region
from escalations.outbound import hosts, notify
from escalations.outbound.failures import Temporary
from escalations.outbound.hosts import HostRefused
from escalations.outbound.letter import Letter

PUBLIC = "93.184.215.14"


@pytest.mark.parametrize("host", [
    "", ".", "localhost", "LOCALHOST.", "a.localhost", "printer", "printer.local", "db.internal", "x.lan", "2130706433",
    "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "1.2.3.4.5", "256.1.1.1", "1.2.3.08", "0", "0x",
    "\uff12\uff11\uff13\uff10\uff17\uff10\uff16\uff14\uff13\uff13", "a..b", "-a.example.com", "a b.example.com",
    "fe80::1%eth0", "[::1", "x" * 64 + ".example.com", ("a" * 60 + ".") * 5 + "com", "exa%6dple.com", "1.in-addr.arpa",
])  # fmt: skip
def test_what_is_no_name_of_a_public_host(host: str) -> None:
    with pytest.raises(HostRefused):
        hosts.plain(host)


@pytest.mark.parametrize(("host", "said"), [
    ("Hooks.Example.COM.", "hooks.example.com"), ("1.1.1.1", "1.1.1.1"),
    ("b\u00fccher.example", "xn--bcher-kva.example"),
    ("\uff11\uff12\uff17.0.0.1", "127.0.0.1"), ("127\u30020\u30020\u30021", "127.0.0.1"),
    ("[2606:4700::1111]", "2606:4700::1111"),
])  # fmt: skip
def test_a_host_has_one_form(host: str, said: str) -> None:
    assert hosts.plain(host) == said


@pytest.mark.parametrize("address", [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "168.63.129.16", "100.100.100.200",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1",
    "2002:7f00:1::",    "2001::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1",
    "2001:db8::1", "nonsense",
])  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert hosts.why_closed(address)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "172.32.0.1", "192.169.0.1", "2606:4700:4700::1111"])
def test_addresses_that_are(address: str) -> None:
    assert hosts.why_closed(address) == ""


@given(st.ip_addresses(v=4))
def test_no_address_in_disguise_is_public(ip: ipaddress.IPv4Address) -> None:
    number = int(ip)
    assert (
        hosts.why_closed(str(ip)) == ""
        or not ip.is_global
        or ip.is_multicast
        or str(ip)[:4] in ("168.", "100.", "192.")
    )
    for start in ("::ffff:0:0", "::", "64:ff9b::"):
        assert hosts.why_closed(str(ipaddress.IPv6Address(int(ipaddress.IPv6Address(start)) + number)))
    assert hosts.why_closed(str(ipaddress.IPv6Address((0x2002 << 112) + (number << 80))))
    for written in (str(number), hex(number), ".".join(f"0{part:o}" for part in ip.packed)):
        with pytest.raises(HostRefused):
            hosts.plain(written)


@given(st.text(max_size=30))
def test_whatever_is_written_is_refused_in_words_or_is_the_one_host(text: str) -> None:
    for url in (text, f"http://{text}", f"http://hook.example.com{text}"):
        with suppress(HostRefused):
            assert hosts.listed(url, ["hook.example.com"])[0] == "hook.example.com"


@pytest.mark.parametrize("url", [
    "ftp://hook.example.com/", "file:///etc/passwd", "gopher://hook.example.com/", "//hook.example.com/",
    "hook.example.com",
    "http://hook.example.com@127.0.0.1/", "http://me:secret@hook.example.com/", "http://hook.example.com:22/",
    "http://hook.example.com:0/", "http://hook.example.com:99999/", "https://hook.example.com:80/",
    "http://hook.example.com\\@evil.example/", "http://hook.example.com\t/", "http://hook.example.com.evil.example/",
    "http://evil.example/#hook.example.com", "http://evil.example/?@hook.example.com", "http://[::1]/", "http://127.0.0.1/",
    "http://\n127.0.0.1/", "http://evil-hook.example.com/",
])  # fmt: skip
def test_addresses_that_are_not_asked_for(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "resolve", lambda host, port: [PUBLIC])
    with pytest.raises(HostRefused) as caught:
        hosts.looked_at(url, ["hook.example.com"])
    assert "secret" not in str(caught.value)
    assert hosts.looked_at("https://HOOK.example.com./x", ["hook.example.com"]).address == PUBLIC


def test_one_address_that_is_not_public_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "resolve", lambda host, port: [PUBLIC, "10.0.0.1"])
    with pytest.raises(HostRefused, match=r"hook\.example\.com leads to a private or reserved address"):
        hosts.looked_at("https://hook.example.com/", ["hook.example.com"])


def test_the_list_is_by_region(settings: Any) -> None:
    settings.THROUGHLINE_OUTBOUND_HOSTS = by_region(
        "a.example.com b.example.com:8443, eu=c.example.com,us=d.example.com"
    )
    assert hosts.hosts_of(["eu", "eu-de"]) == {"a.example.com", "b.example.com:8443", "c.example.com"}
    assert hosts.hosts_of([]) == {"a.example.com", "b.example.com:8443"}
    assert hosts.listed("https://b.example.com:8443/", hosts.hosts_of([])) == ("b.example.com", 8443)
    with pytest.raises(HostRefused):
        hosts.listed("https://b.example.com/", hosts.hosts_of([]))
    assert by_region("") == {"*": []}
    settings.THROUGHLINE_OUTBOUND_HOSTS = by_region("localhost,10.0.0.1:x,ok.example.com")
    assert hosts.misread() == ["10.0.0.1:x", "localhost"]


# ------------------------------------------------------------------------------------------- over a real HTTP server


class Server:
    """A web server on a loopback address: what it was asked, and where it sends people."""

    def __init__(self, address: str) -> None:
        self.asked: list[tuple[str, str]] = []
        self.leads_to = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.asked.append((self.headers["Host"], self.path))
                self.send_response(307 if outer.leads_to else 200)
                if outer.leads_to:
                    self.send_header("Location", outer.leads_to)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *args: Any) -> None:
                return

        self.server = ThreadingHTTPServer((address, 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@contextmanager
def serving(*addresses: str) -> Iterator[list[Server]]:
    servers = [Server(address) for address in addresses]
    try:
        yield servers
    finally:
        for one in servers:
            one.server.shutdown()
            one.server.server_close()


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[tuple[Server, Server]]:
    """A server that counts as public (127.0.0.2, as hook.example.com), and one of the machine itself (127.0.0.1)."""
    real = hosts.why_closed
    monkeypatch.setattr(hosts, "why_closed", lambda address: "" if address == "127.0.0.2" else real(address))
    monkeypatch.setattr(hosts, "resolve", lambda host, port: ["127.0.0.2"] if "example" in host else [host])
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with serving("127.0.0.2", "127.0.0.1") as (public, inside):
        listed = f"hook.example.com:{public.port} 127.0.0.1:{inside.port} third.example.com:{inside.port}"
        settings.THROUGHLINE_OUTBOUND_HOSTS = by_region(f"eu={listed}")
        yield public, inside


def posted(url: str, *regions: str) -> list[str]:
    with hosts.guarded(*regions) as refused:
        try:
            requests.post(url, data="x", timeout=5)
        except requests.exceptions.InvalidURL:
            assert refused
    return refused


def test_an_allowed_host_is_reached_under_its_name_by_the_address_that_was_looked_at(outside: Any) -> None:
    public, inside = outside
    assert posted(f"http://hook.example.com:{public.port}/a?b=1", "eu") == []
    assert public.asked == [(f"hook.example.com:{public.port}", "/a?b=1")]
    (why,) = posted(f"http://hook.example.com:{public.port}/", "us")
    assert "not among the hosts" in why
    (why,) = posted(f"http://127.0.0.1:{inside.port}/", "eu")
    assert why == "127.0.0.1 leads to this machine itself: such addresses are not spoken to."
    assert inside.asked == []


@pytest.mark.parametrize("to", [
    "http://127.0.0.1:{port}/", "http://third.example.com:1/", "http://2130706433:{port}/", "http://[::1]:{port}/",
    "http://localhost:{port}/", "//127.0.0.1:{port}/", "http://a@127.0.0.1:{port}/", "file:///etc/passwd",
])  # fmt: skip
def test_a_redirect_to_a_refused_place_is_not_followed(outside: Any, to: str) -> None:
    public, inside = outside
    public.leads_to = to.format(port=inside.port)
    with hosts.guarded("eu"), pytest.raises(requests.exceptions.RequestException):
        requests.post(f"http://hook.example.com:{public.port}/", data="secret", timeout=5)
    assert len(public.asked) == 1
    assert inside.asked == []


def test_a_name_that_answers_otherwise_a_moment_later_gains_nothing(
    outside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    public, inside = outside
    answers = iter([["127.0.0.2"], ["127.0.0.1"], ["127.0.0.1"]])
    monkeypatch.setattr(hosts, "resolve", lambda host, port: next(answers))
    import socket

    real = socket.getaddrinfo

    def resolver(host: str, *args: Any, **options: Any) -> Any:
        assert host == "127.0.0.2", "the name is not resolved a second time"
        return real(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    assert posted(f"http://hook.example.com:{public.port}/", "eu") == []
    assert (len(public.asked), len(inside.asked)) == (1, 0)


def test_a_certificate_is_asked_for_the_name_and_not_the_address(outside: Any) -> None:
    adapter = hosts._adapter()
    request = requests.Request("POST", "https://hook.example.com/").prepare()
    adapter.target = hosts.Target("hook.example.com", 443, PUBLIC)  # type: ignore[attr-defined]
    where, pool = adapter.build_connection_pool_key_attributes(request, True)  # type: ignore[attr-defined]
    assert (where["host"], pool["server_hostname"], pool["assert_hostname"]) == (
        PUBLIC, "hook.example.com", "hook.example.com",
    )  # fmt: skip
    assert pool["cert_reqs"] == "CERT_REQUIRED"


def test_outside_of_the_guard_nothing_changes() -> None:
    hosts.install()
    hosts.install()
    assert type(requests.Session().get_adapter("https://x.example/")) is requests.adapters.HTTPAdapter


def test_apprise_goes_through_it(outside: Any, settings: Any) -> None:
    public, inside = outside
    letter = _letter()
    settings.THROUGHLINE_CHAT_URLS = {"care": f"json://hook.example.com:{public.port}/room"}
    notify.chat(letter, team="care", regions=["eu"])
    assert [path for _, path in public.asked] == ["/room/"] or [path for _, path in public.asked] == ["/room"]
    with pytest.raises(Temporary, match="not among the hosts"):
        notify.chat(letter, team="care", regions=["us"])
    public.leads_to = f"http://127.0.0.1:{inside.port}/"
    with pytest.raises(Temporary, match=r"127\.0\.0\.1 leads to this machine itself|did not accept"):
        notify.chat(letter, team="care", regions=["eu"])
    assert inside.asked == []


@pytest.mark.parametrize(
    "url", ["mailto://me:secret@example.com", "syslog://", "rsyslog://10.0.0.1", "mqtt://broker.example.com"]
)
def test_services_that_speak_anything_else_are_refused(url: str, settings: Any) -> None:
    settings.THROUGHLINE_CHAT_URLS = {"care": url}
    with pytest.raises(Temporary, match=r"http or https|does not know"):
        notify.chat(_letter(), team="care")


def test_a_rehearsal_says_what_is_missing_and_sends_nothing(outside: Any, settings: Any) -> None:
    public, _ = outside
    assert notify.obstacle(f"json://hook.example.com:{public.port}/room") == ""
    assert "hooks.slack.com is not among the hosts" in notify.obstacle(
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/"
    )
    assert public.asked == []


def _letter() -> Letter:
    from types import SimpleNamespace

    return SimpleNamespace(subject="TL-1", url="https://desk.example.test/1")  # type: ignore[return-value]
