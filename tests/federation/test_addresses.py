"""No request leaves for an address that is not the web's: a socket that listens on loopback hears of none of them."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from iesi_kg.errors import PeerError
from iesi_kg.store.addresses import obstacle, system_resolve, target
from iesi_kg.store.federation import Allowance, Client
from iesi_kg.store.peers import Peer

# {port} is where a socket listens, on every address of this machine.
SPELLINGS = [
    "http://127.0.0.1:{port}/",
    "http://127.0.0.2:{port}/",
    "http://127.1:{port}/",
    "http://127.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.0.0.1:{port}/",
    "http://0x7F.1:{port}/",
    "http://017700000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://127.0.0.01:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST:{port}/",
    "http://localhost.:{port}/",
    "http://localhost.localdomain:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[64:ff9b:1::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[fe80::1]:{port}/",
    "http://[::1%25lo]:{port}/",
    "http://[fd00::1]:{port}/",
    "http://user@127.0.0.1:{port}/",
    "http://www.example.org@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@www.example.org/",
    "http://127.0.0.1:{port}\\@www.example.org/",
    "http://www.example.org:{port}@127.0.0.1:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://127。0。0。1:{port}/",
    "http://ｌｏｃａｌｈｏｓｔ:{port}/",
    "http://127%2e0%2e0%2e1:{port}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://192.0.2.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[ff02::1]/",
    "http://[2001:0:7f00:1::]/",
    "http://www.example.org:22/",
    "http://www.example.org:0/",
    "http://www.example.org:99999/",
    "http://www.example.org:/",
    "http:127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_GET",
    "ftp://127.0.0.1:{port}/",
    "unix:///run/docker.sock",
    "http://127.0.0.1:{port}/\r\nHost: www.example.org",
    "",
]


@pytest.fixture
def listening() -> Iterator[list[socket.socket]]:
    """Sockets on one port of all IPv4 and IPv6 addresses of this machine; nobody may have called at the end."""
    first = socket.create_server(("0.0.0.0", 0))
    found = [first]
    if socket.has_ipv6:
        try:
            port = first.getsockname()[1]
            found.append(socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=False))
        except OSError:
            pass  # a machine without IPv6 cannot be reached over it either
    for one in found:
        one.setblocking(False)
    yield found
    for one in found:
        with pytest.raises(BlockingIOError):
            one.accept()
        one.close()


def peer(address: str, *, local: bool = False) -> Peer:
    return Peer(name="x", title="x", address=address, local=local)


def ask(client: Client, one: Peer) -> object:
    return asyncio.run(client.ask(one, "ASK {}", Allowance(10, 1_000, 1)))


def test_no_spelling_gets_through(listening: list[socket.socket]) -> None:
    port = listening[0].getsockname()[1]
    assert len(SPELLINGS) >= 36
    for spelling in SPELLINGS:
        with pytest.raises(PeerError) as caught:
            ask(Client("test"), peer(spelling.format(port=port)))
        assert any(
            words in caught.value.detail for words in ("is not an address", "no connection is made", "not known")
        )


def test_the_listener_hears_who_may_come(listening: list[socket.socket]) -> None:
    """The guard of the test above: the same socket does hear of a peer that is marked as local."""
    listening[0].setblocking(True)
    greeter = threading.Thread(target=lambda: listening[0].accept()[0].close())
    greeter.start()
    with pytest.raises(PeerError, match="broke off"):
        ask(Client("test"), peer(f"http://127.0.0.1:{listening[0].getsockname()[1]}/", local=True))
    greeter.join(timeout=10)
    assert not greeter.is_alive()
    listening[0].setblocking(False)


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["::1"],
        ["93.184.215.14", "10.0.0.1"],
        ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:127.0.0.1"],
    ],
)
def test_a_name_that_leads_inside(listening: list[socket.socket], found: list[str]) -> None:
    """One inner address among public ones is enough to refuse a name."""

    async def resolve(host: str, port: int) -> list[str]:
        return found

    with pytest.raises(PeerError, match=r"www\.example\.org is .* no connection is made"):
        ask(Client("test", resolve=resolve), peer(f"http://www.example.org:{listening[0].getsockname()[1]}/"))


def test_a_name_cannot_change_its_mind(listening: list[socket.socket]) -> None:
    """Asked once, the name gives an address with nobody behind it; asked again it would give the listener's."""
    asked = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) > 1 else ["127.255.255.254"]

    port = listening[0].getsockname()[1]
    listening[0].close()
    with socket.create_server(("127.0.0.1", port)) as trap:
        trap.setblocking(False)
        with pytest.raises(PeerError, match="cannot be reached"):
            ask(Client("test", resolve=resolve), peer(f"http://rebound.example:{port}/", local=True))
        with pytest.raises(BlockingIOError):
            trap.accept()
    assert asked == ["rebound.example"]
    listening[0] = socket.create_server(("127.0.0.1", 0))
    listening[0].setblocking(False)


@pytest.mark.parametrize(
    ("address", "local", "reason"),
    [
        ("8.8.8.8", False, None),
        ("2a00:1450:4001:829::200e", False, None),
        ("127.0.0.1", True, None),
        ("::1", True, None),
        ("10.1.2.3", True, None),
        ("fd12::1", True, None),
        ("100.64.0.1", False, "an address of a private or shared network"),
        ("fec0::1", False, "an address of a private or shared network"),
        ("169.254.169.254", True, "an unspecified, multicast or link-local address"),
        ("0.0.0.0", True, "an unspecified, multicast or link-local address"),
        ("ff02::1", True, "an unspecified, multicast or link-local address"),
        ("240.0.0.1", True, "a reserved address"),
        ("255.255.255.255", True, "a reserved address"),
        ("::ffff:10.0.0.1", True, "an IPv4 address (10.0.0.1) inside an IPv6 one"),
        ("2002:a00:1::", False, "an IPv4 address (10.0.0.1) inside an IPv6 one"),
        ("64:ff9b::8.8.8.8", False, "an IPv4 address (8.8.8.8) inside an IPv6 one"),
        ("www.example.org", False, "no address"),
    ],
)
def test_what_may_be_connected_to(address: str, local: bool, reason: str | None) -> None:
    assert obstacle(address, local=local) == reason


def test_addresses_of_the_web_are_read_as_they_are() -> None:
    assert target("https://query.wikidata.org/sparql").authority == "query.wikidata.org"
    assert target("http://www.example.org:8890/sparql?x=1").url == "http://www.example.org:8890/sparql?x=1"
    assert target("http://[2A00:1450::1]:8080").url == "http://[2a00:1450::1]:8080/"
    assert target("http://localhost:3030/ds", local=True).host == "localhost"


def test_this_machine_is_known_by_name() -> None:
    assert "127.0.0.1" in asyncio.run(system_resolve("localhost", 80))


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    """Also a local peer shows a certificate of its name that this machine trusts, or it is not asked."""
    made = tmp_path / "made.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(made), "-out", str(made)]
    subprocess.run([*command[:-2], *subject, "-out", str(tmp_path / "cert.pem")], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "cert.pem", made)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with suppress(OSError), context.wrap_socket(connection, server_side=True):
                raise AssertionError("the client went on")

        server = threading.Thread(target=serve)
        server.start()
        with pytest.raises(PeerError, match="certificate verify failed"):
            ask(Client("test"), peer(f"https://localhost:{listener.getsockname()[1]}/", local=True))
        server.join(timeout=10)
