"""Fetching what strangers name: no address of ours is reached, no name taken for another, nothing without bound."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from integrations.fetching import Bounds, Fault, Fetcher, FetchError, resolved
from integrations.public_addresses import is_public, read
from tests.support.throwaway import Authority, Handler, listening, saying

QUICK = Bounds(seconds=3, bytes_max=10_000, ports=None)


class Names:
    """A resolver of these names alone; it notes what it was asked."""

    def __init__(self, **names: Sequence[str]) -> None:
        self.names = {name.replace("_", "."): found for name, found in names.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of a name. Raises OSError."""
        self.asked.append(host)
        if host not in self.names:
            raise OSError("no such name")
        return self.names[host]


LOCAL = Names(good_test=["127.0.0.1"], evil_test=["127.0.0.1"], inner_test=["10.0.0.7"], meta_test=["169.254.169.254"])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The certificates of this module."""
    return Authority(tmp_path_factory.mktemp("throwaway"))


def local(authority: Authority | None = None, names: Names = LOCAL) -> Fetcher:
    """A fetcher as tests have it: loopback, and names of their own."""
    return Fetcher(loopback=True, resolve=names, trusted=authority.trusted if authority else None)


async def fault_of(fetcher: Fetcher, url: str, bounds: Bounds = QUICK) -> Fault:
    """Why nothing was fetched."""
    with pytest.raises(FetchError) as refused:
        await fetcher.get(url, bounds=bounds)
    assert refused.value.message.endswith(".")
    return refused.value.fault


# Addresses.


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1",
        "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
        "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
        "2002:7f00:1::", "2001:0:4136:e378::1", "2001:db8::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
        "fec0::1", "ff02::1", "100::1", "3fff::1",
    ],
)  # fmt: skip
def test_no_address_of_ours_is_public(address: str) -> None:
    assert not is_public(read(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450::1"])
def test_an_address_of_the_open_internet_is(address: str) -> None:
    assert is_public(read(address))


async def test_one_answer_that_is_not_public_refuses_all() -> None:
    names = Names(both_test=["93.184.215.14", "10.0.0.1"])
    assert await fault_of(Fetcher(resolve=names), "https://both.test/") is Fault.NOT_PUBLIC
    mixed = Names(both_test=["127.0.0.1", "10.0.0.1"])
    assert await fault_of(local(names=mixed), "https://both.test/") is Fault.NOT_PUBLIC


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "0x7f000001", "2130706433", "127.1", "localhost", "[::1]", "0", "[::ffff:7f00:1]"]
)
async def test_what_the_system_makes_of_a_host_is_judged_and_not_its_text(host: str) -> None:
    assert await fault_of(Fetcher(), f"https://{host}/") in {Fault.NOT_PUBLIC, Fault.UNKNOWN_HOST}
    if host.strip("[]0") and ":" not in host:
        assert (await resolved(host, 443))[0] in {"127.0.0.1", "::1"}


# Addresses of the web.


@pytest.mark.parametrize(
    "url",
    [
        "", "nonsense", "//good.test/", "https://", "https:///path", "ftp://good.test/", "file:///etc/passwd",
        "javascript:alert(1)", "data:text/plain,x", "gopher://good.test/", "unix:/run/postgres", "https://[::1%25eth0]/",
        "https://good.test\\@inner.test/", "https://a b/", "https://good.test:0/", "https://good.test:99999/",
        "https://good.test:x/", "https://[::1", "https://me@good.test/", "https://me:secret@good.test/",
        "https://①.test/", "https://good.test/\r\nhost: inner.test", "http://good.test\x00.evil.test/",
        "webcals://good.test/",
    ],
)  # fmt: skip
async def test_what_is_no_address_is_refused_before_anything_is_looked_up(url: str) -> None:
    names = Names()
    assert await fault_of(Fetcher(resolve=names), url) is Fault.UNSOUND
    assert names.asked == []


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://open.test/", Fault.UNSOUND),
        ("https://open.test:22/", Fault.UNSOUND),
        ("https://open.test:8080/", Fault.UNSOUND),
        ("https://inner.test/", Fault.NOT_PUBLIC),
        ("webcal://meta.test/feed", Fault.NOT_PUBLIC),
        ("WEBCAL://meta.test/feed", Fault.NOT_PUBLIC),
        ("https://nowhere.test/", Fault.UNKNOWN_HOST),
    ],
)
async def test_in_production_https_at_its_port_on_public_addresses_is_all(url: str, fault: Fault) -> None:
    names = Names(open_test=["93.184.215.14"], inner_test=["10.0.0.7"], meta_test=["169.254.169.254"])
    assert await fault_of(Fetcher(resolve=names), url, Bounds()) is fault


async def test_the_allowance_for_loopback_is_for_loopback_alone() -> None:
    assert await fault_of(local(), "https://inner.test/") is Fault.NOT_PUBLIC
    assert await fault_of(local(), "http://inner.test/") is Fault.UNSOUND
    async with listening(saying(b"hello")) as port:
        fetched = await local().get(f"http://good.test:{port}/", bounds=QUICK)
        assert fetched.body == b"hello"
        assert await fault_of(Fetcher(resolve=LOCAL), f"https://good.test:{port}/") is Fault.NOT_PUBLIC


# Names and certificates.


async def test_the_address_is_pinned_and_name_certificate_and_host_are_those_that_were_named(
    authority: Authority,
) -> None:
    heard: list[bytes] = []

    async def note(request: bytes, writer: asyncio.StreamWriter) -> None:
        heard.append(request)
        await saying(b"feed", "200 OK", 'ETag: "1"', "set-cookie: a=b")(request, writer)

    names = Names(good_test=["127.0.0.1"])
    async with listening(note, authority.server_of("good.test")) as port:
        fetcher = local(authority, names)
        for _ in range(2):
            fetched = await fetcher.get(f"webcal://good.test:{port}/feed.ics?x=1#top", bounds=QUICK)
            assert (fetched.status, fetched.body, fetched.headers["etag"]) == (200, b"feed", '"1"')
    assert names.asked == ["good.test", "good.test"]
    for request in heard:
        lines = request.lower().split(b"\r\n")
        assert lines[0] == b"get /feed.ics?x=1 http/1.1"
        assert f"host: good.test:{port}".encode() in lines
        assert b"accept-encoding: identity" in lines
        assert b"user-agent: flexible-credits" in lines
        assert not any(line.startswith((b"cookie", b"authorization", b"referer")) for line in lines)


async def test_a_connection_that_was_proven_for_one_name_answers_for_no_other(authority: Authority) -> None:
    async with listening(saying(b"good"), authority.server_of("good.test")) as port:
        fetcher = local(authority)
        assert (await fetcher.get(f"https://good.test:{port}/", bounds=QUICK)).body == b"good"
        assert await fault_of(fetcher, f"https://evil.test:{port}/") is Fault.BAD_CERTIFICATE
        assert await fault_of(
            local(authority, Names(**{"127_0_0_1": ["127.0.0.1"]})), f"https://127.0.0.1:{port}/"
        ) is (Fault.BAD_CERTIFICATE)


async def test_a_name_with_other_letters_is_looked_up_and_proven_as_the_one_that_is_asked(authority: Authority) -> None:
    heard: list[bytes] = []

    async def note(request: bytes, writer: asyncio.StreamWriter) -> None:
        heard.append(request)
        await saying(b"ours")(request, writer)

    names = Names(fass_test=["127.0.0.1"], **{"xn--fa-hia_test": ["127.0.0.1"]})
    for name in ("faß.test", "xn--fa-hia.test"):
        async with listening(note, authority.server_of("xn--fa-hia.test")) as port:
            assert (await local(authority, names).get(f"https://{name}:{port}/", bounds=QUICK)).body == b"ours"
        assert f"host: xn--fa-hia.test:{port}".encode() in heard.pop().lower()
    assert set(names.asked) == {"xn--fa-hia.test"}, "no other name that somebody may call theirs"


async def test_a_certificate_that_is_over_or_of_nobody_known_is_refused(authority: Authority, tmp_path: Path) -> None:
    for context in (authority.server_of("good.test", days=0), Authority(tmp_path).server_of("good.test")):
        async with listening(saying(b"x"), context) as port:
            assert await fault_of(local(authority), f"https://good.test:{port}/") is Fault.BAD_CERTIFICATE


async def test_a_name_with_a_dead_address_is_tried_at_its_next() -> None:
    async with listening(saying(b"second")) as port:
        names = Names(good_test=["127.0.0.2", "127.0.0.1"])
        assert (await local(names=names).get(f"http://good.test:{port}/", bounds=QUICK)).body == b"second"
    assert await fault_of(local(names=names), f"http://good.test:{port}/") is Fault.UNREACHABLE


async def test_a_name_with_an_address_that_swallows_all_is_tried_at_its_next() -> None:
    async with listening(saying(b"second")) as port:
        with socket.socket() as full, socket.socket() as waiting:
            full.bind(("127.0.0.3", port))
            full.listen(0)
            waiting.connect(("127.0.0.3", port))  # nobody accepts it, and for the next there is no room
            names = Names(good_test=["127.0.0.3", "127.0.0.1"])
            assert (await local(names=names).get(f"http://good.test:{port}/", bounds=QUICK)).body == b"second"


async def test_no_setting_of_the_environment_sends_it_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with listening(saying(b"direct")) as port:
        assert (await local().get(f"http://good.test:{port}/", bounds=QUICK)).body == b"direct"


# Redirects.


def leading(*locations: str, status: str = "302 Found") -> Handler:
    """Each request is led to the next of these; `{port}` is the server's own."""
    left = list(locations)

    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("sockname")[1]
        if left:
            await saying(b"", status, f"location: {left.pop(0).format(port=port)}")(request, writer)
        else:
            await saying(request)(request, writer)

    return answer


@pytest.mark.parametrize(
    ("location", "fault"),
    [
        ("http://169.254.169.254/latest/meta-data/", Fault.UNKNOWN_HOST),
        ("https://meta.test/latest/", Fault.NOT_PUBLIC),
        ("http://inner.test/", Fault.UNSOUND),
        ("https://inner.test:5432/", Fault.NOT_PUBLIC),
        ("ftp://good.test/", Fault.UNSOUND),
        ("https://me:secret@good.test/", Fault.UNSOUND),
    ],
)
async def test_where_an_answer_leads_is_looked_at_again(location: str, fault: Fault) -> None:
    async with listening(leading(location)) as port:
        assert await fault_of(local(), f"http://good.test:{port}/") is fault


async def test_redirects_are_followed_a_few_times_and_no_more() -> None:
    async with listening(leading("/one", "http://evil.test:{port}/two")) as port:
        fetched = await local().get(f"http://good.test:{port}/", bounds=QUICK, headers={"x-key": "ours"})
        assert fetched.url == f"http://evil.test:{port}/two"
        assert f"host: evil.test:{port}".encode() in fetched.body.lower()
        assert b"x-key" not in fetched.body.lower()
    async with listening(leading(*["/again"] * 9)) as port:
        assert await fault_of(local(), f"http://good.test:{port}/") is Fault.REDIRECTED
    async with listening(leading("")) as port:
        assert (await local().get(f"http://good.test:{port}/", bounds=QUICK)).status == 200


@pytest.mark.parametrize("status", ["301 Moved", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"])
async def test_what_is_delivered_is_delivered_to_nobody_else(status: str) -> None:
    async with listening(leading("/elsewhere", status=status)) as port:
        with pytest.raises(FetchError) as refused:
            await local().post(f"http://good.test:{port}/", body=b"{}", headers={}, bounds=QUICK)
    assert (refused.value.fault, refused.value.status) == (Fault.REDIRECTED, int(status[:3]))


async def test_a_delivery_carries_its_body_and_tells_any_status() -> None:
    heard: list[bytes] = []

    async def note(request: bytes, writer: asyncio.StreamWriter) -> None:
        heard.append(request)
        await saying(b"no", "410 Gone")(request, writer)

    async with listening(note) as port:
        headers = {"content-type": "application/json", "webhook-id": "msg_1"}
        sent = await local().post(f"http://good.test:{port}/in", body=b'{"a":1}', headers=headers, bounds=QUICK)
    assert (sent.status, sent.body) == (410, b"no")
    assert heard[0].startswith(b"POST /in HTTP/1.1")
    assert heard[0].endswith(b'\r\n\r\n{"a":1}')
    assert b"webhook-id: msg_1" in heard[0].lower()


# Conditions and statuses.


async def test_what_is_unchanged_is_not_sent_again() -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        known = b'if-none-match: "7"' in request.lower() and b"if-modified-since: sun" in request.lower()
        await (saying(b"", "304 Not Modified") if known else saying(b"new"))(request, writer)

    async with listening(answer) as port:
        url = f"http://good.test:{port}/"
        same = await local().get(url, bounds=QUICK, etag='"7"', last_modified="Sun, 29 Nov 2026 08:00:00 GMT")
        assert (same.unchanged, same.body) == (True, b"")
        assert not (await local().get(url, bounds=QUICK, etag='"6"')).unchanged


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oh", "204 No Content", "304 Not Modified"])
async def test_a_status_that_is_none_of_success_is_told(status: str) -> None:
    async with listening(saying(b"", status)) as port:
        if status.startswith("2"):
            assert (await local().get(f"http://good.test:{port}/", bounds=QUICK)).status == 204
            return
        with pytest.raises(FetchError) as refused:
            await local().get(f"http://good.test:{port}/", bounds=QUICK)
    assert (refused.value.fault, refused.value.status) == (Fault.STATUS, int(status[:3]))


# Servers that behave as no server does.


async def drips_its_head(_: bytes, writer: asyncio.StreamWriter) -> None:
    for letter in b"HTTP/1.1 200 OK\r\n" * 20:
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def drips_its_body(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
    for _turn in range(100):
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.05)


async def never_ends(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _turn in range(1_000):
        writer.write(b"x" * 10_000)
        await writer.drain()


async def says_nothing(_: bytes, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)


async def hangs_up(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def breaks_off(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")


async def heads_without_end(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(10_000):
        writer.write(f"x-{number}: {'y' * 100}\r\n".encode())
        await writer.drain()


BOMB = gzip.compress(bytes(50_000_000))
BAD_SERVERS: list[tuple[Handler, Fault]] = [
    (drips_its_head, Fault.TOO_SLOW),
    (drips_its_body, Fault.TOO_SLOW),
    (says_nothing, Fault.TOO_SLOW),
    (never_ends, Fault.TOO_LARGE),
    (saying(b"x" * 10_001), Fault.TOO_LARGE),
    (saying(BOMB[:9_000], "200 OK", "content-encoding: gzip"), Fault.COMPRESSED),
    (saying(b"x", "200 OK", "Content-Encoding: br, identity"), Fault.COMPRESSED),
    (hangs_up, Fault.BAD_ANSWER),
    (breaks_off, Fault.BAD_ANSWER),
    (heads_without_end, Fault.BAD_ANSWER),
    (saying(b"", "200 OK\r\nHTTP/9 nonsense"), Fault.BAD_ANSWER),
]


@pytest.mark.parametrize(
    ("handler", "fault"), BAD_SERVERS, ids=[f"{number}-{fault}" for number, (_, fault) in enumerate(BAD_SERVERS)]
)
async def test_a_server_that_means_ill_costs_no_more_than_the_bounds(handler: Handler, fault: Fault) -> None:
    began, seconds = time.monotonic(), 1 if fault is Fault.TOO_SLOW else 10  # a busy machine is no slow server
    async with listening(handler) as port:
        assert await fault_of(local(), f"http://good.test:{port}/", Bounds(seconds=seconds, bytes_max=10_000)) is fault
    assert time.monotonic() - began < 3 * seconds


async def test_a_resolver_that_hangs_is_within_the_same_time() -> None:
    async def hangs(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(5)
        return []

    fetcher = Fetcher(resolve=hangs)
    assert await fault_of(fetcher, "https://good.test/", Bounds(seconds=0.1)) is Fault.TOO_SLOW


async def test_who_gives_up_a_fetch_is_heard() -> None:
    async with listening(says_nothing) as port:
        task = asyncio.create_task(local().get(f"http://good.test:{port}/", bounds=QUICK))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
