"""Fetching what strangers name: a calendar's feed, a webhook's receiver, a campus's identity provider.

Who types an address in must not make this server talk to itself, its network or its host's metadata. So each hop is
looked up once, every answer must be public, that very address is dialled, and the certificate is checked against the
name. Each hop has a client of its own: a pool would take a connection that was proven for one name for another's.
Bytes and time are bounded as a whole, no proxy, cookie or setting of the environment has a say.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal

import httpx2

from integrations.public_addresses import Address, is_loopback, is_public, read

AGENT = "Flexible-Credits"
PORTS = {"https": 443, "http": 80}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
ADDRESSES_MAX = 4
"""So many of a name's addresses are tried."""

Method = Literal["GET", "POST"]
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class Fault(StrEnum):
    """Why nothing was fetched; a caller acts on it, and its person is told the message."""

    UNSOUND = "UNSOUND"
    UNKNOWN_HOST = "UNKNOWN_HOST"
    NOT_PUBLIC = "NOT_PUBLIC"
    UNREACHABLE = "UNREACHABLE"
    BAD_CERTIFICATE = "BAD_CERTIFICATE"
    TOO_SLOW = "TOO_SLOW"
    TOO_LARGE = "TOO_LARGE"
    COMPRESSED = "COMPRESSED"
    REDIRECTED = "REDIRECTED"
    BAD_ANSWER = "BAD_ANSWER"
    STATUS = "STATUS"


class FetchError(Exception):
    """Nothing was fetched. The message is for whoever gave the address; it tells nothing of our network."""

    def __init__(self, fault: Fault, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """How much one fetch may take, all its hops together."""

    bytes_max: int = 1_000_000
    seconds: float = 10.0
    redirects_max: int = 5
    ports: frozenset[int] | None = frozenset({443})
    """The ports that may be asked; None for any."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """An answer: of which address in the end, and what it says."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def unchanged(self) -> bool:
        """Whether it is as it was when its ETag or Last-Modified was told."""
        return self.status == 304


async def resolved(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, as the system knows them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=1)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Fetcher:
    """Fetches. One for a process; it holds no connection.

    `loopback` lets it talk to this machine, over http too and at any port: for tests and demo servers, never for one in
    production. `resolve` and `trusted` are for tests, who have names and certificates of their own.
    """

    def __init__(
        self,
        *,
        loopback: bool = False,
        agent: str = AGENT,
        resolve: Resolve = resolved,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        self.loopback = loopback
        self.agent = agent
        self.resolve = resolve
        self._trusted = trusted

    @cached_property
    def context(self) -> ssl.SSLContext:
        """Whose certificates count; made once, as reading them takes long."""
        return self._trusted or httpx2.create_ssl_context(trust_env=False)

    async def get(
        self,
        url: str,
        *,
        bounds: Bounds,
        etag: str | None = None,
        last_modified: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """What stands at an address, or that it is unchanged. Follows redirects. Raises FetchError."""
        asked = {"if-none-match": etag, "if-modified-since": last_modified}
        sent = {**(headers or {}), **{name: value for name, value in asked.items() if value}}
        found = await self._fetch("GET", url, sent, None, bounds)
        was_asked = etag is not None or last_modified is not None
        if not (found.unchanged and was_asked) and not 200 <= found.status < 300:
            message = f"The server answers with the status {found.status}."
            raise FetchError(Fault.STATUS, message, status=found.status)
        return found

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str], bounds: Bounds) -> Fetched:
        """Deliver this, whatever status comes back. A redirect is none to follow. Raises FetchError."""
        return await self._fetch("POST", url, headers, body, bounds)

    async def _fetch(
        self, method: Method, url: str, headers: Mapping[str, str], body: bytes | None, bounds: Bounds
    ) -> Fetched:
        try:
            async with asyncio.timeout(bounds.seconds):
                return await self._hops(method, url, headers, body, bounds)
        except TimeoutError:
            raise FetchError(Fault.TOO_SLOW, f"The server takes longer than {bounds.seconds:g} seconds.") from None

    async def _hops(
        self, method: Method, url: str, headers: Mapping[str, str], body: bytes | None, bounds: Bounds
    ) -> Fetched:
        here = sound(url)
        for _ in range(bounds.redirects_max + 1):
            async with self._answer(method, here, headers, body, bounds) as answer:
                if answer.status_code not in REDIRECTS:
                    content = await bounded(answer, bounds)
                    told = {name.lower(): value for name, value in answer.headers.items()}
                    return Fetched(url=str(here), status=answer.status_code, headers=told, body=content)
                there = redirect_of(here, answer, method)
            if origin_of(there) != origin_of(here):
                headers = {}  # what was meant for the one that was named is none of another's
            here = there
        raise FetchError(Fault.REDIRECTED, f"The address leads on more than {bounds.redirects_max} times.")

    @asynccontextmanager
    async def _answer(
        self, method: Method, url: httpx2.URL, headers: Mapping[str, str], body: bytes | None, bounds: Bounds
    ) -> AsyncIterator[httpx2.Response]:
        """The beginning of the answer of one hop, from an address that was looked at."""
        addresses = await self._addresses(url, bounds)
        sent = {**headers, "host": url.netloc.decode("ascii"), "user-agent": self.agent, "accept-encoding": "identity"}
        async with self._client(bounds) as client:
            for index, address in enumerate(addresses, start=1):
                # One that swallows all leaves time for the next.
                share = bounds.seconds / (len(addresses) if index < len(addresses) else 1)
                request = client.build_request(
                    method, url.copy_with(host=str(address)), headers=sent, content=body,
                    extensions={"sni_hostname": named(url), "timeout": timeouts(bounds, share)},
                )  # fmt: skip
                try:
                    answer = await client.send(request, stream=True)
                except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                    if index < len(addresses) and not is_of_certificate(error):
                        continue
                    raise unreached(error) from None
                except httpx2.HTTPError as error:
                    raise unreached(error) from None
                try:
                    yield answer
                finally:
                    await answer.aclose()
                return

    def _client(self, bounds: Bounds) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            verify=self.context, trust_env=False, follow_redirects=False, timeout=bounds.seconds, http2=False
        )

    async def _addresses(self, url: httpx2.URL, bounds: Bounds) -> Sequence[Address]:
        """The addresses of a host; none at all unless every one of them may be talked to."""
        port = url.port or PORTS[url.scheme]
        try:
            found = [read(text) for text in await self.resolve(named(url), port)]
        except (OSError, ValueError, UnicodeError):
            found = []
        if not found:
            raise FetchError(Fault.UNKNOWN_HOST, "There is no server of this name.")
        if self.loopback and all(map(is_loopback, found)):
            return found[:ADDRESSES_MAX]
        if url.scheme != "https":
            raise FetchError(Fault.UNSOUND, "The address must begin with https://.")
        if not all(map(is_public, found)):
            raise FetchError(Fault.NOT_PUBLIC, "The address leads to a network that is not public.")
        if bounds.ports is not None and port not in bounds.ports:
            raise FetchError(Fault.UNSOUND, f"The port {port} is none that is asked.")
        return found[:ADDRESSES_MAX]


def sound(text: str) -> httpx2.URL:
    """An address that could be fetched; `webcal://` is another word for https. Raises FetchError."""
    stripped = text.strip()
    if stripped[:9].lower() == "webcal://":
        stripped = "https://" + stripped[9:]
    try:
        url = httpx2.URL(stripped)
        host = url.host
    except (httpx2.InvalidURL, ValueError, UnicodeError):
        raise FetchError(Fault.UNSOUND, "This is no address of the web.") from None
    if url.scheme not in {"https", "http"} or not host or "\\" in stripped or "%" in host:
        raise FetchError(Fault.UNSOUND, "The address must begin with https://.")
    if url.userinfo:
        raise FetchError(Fault.UNSOUND, "The address must hold no name and no password.")
    port = url.port
    if port is not None and not 0 < port < 65_536:
        raise FetchError(Fault.UNSOUND, "This is no address of the web.")
    return url.copy_with(fragment=None, port=None if port == PORTS[url.scheme] else port)


def redirect_of(here: httpx2.URL, answer: httpx2.Response, method: Method) -> httpx2.URL:
    """Where an answer leads. Raises FetchError."""
    if method != "GET":
        raise FetchError(
            Fault.REDIRECTED,
            "The server sends us elsewhere: enter the address that it names.",
            status=answer.status_code,
        )
    try:
        return sound(str(here.join(answer.headers.get("location", ""))))
    except (httpx2.InvalidURL, ValueError):
        raise FetchError(Fault.BAD_ANSWER, "The server leads to no address of the web.") from None


def timeouts(bounds: Bounds, connecting: float) -> dict[str, float | None]:
    """How long each step of a request may take."""
    return httpx2.Timeout(bounds.seconds, connect=connecting).as_dict()


def named(url: httpx2.URL) -> str:
    """The host as DNS and certificates know it. Left to the system, `faß.test` would be taken for `fass.test`."""
    return url.raw_host.decode("ascii")


def origin_of(url: httpx2.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port."""
    return url.scheme, url.host, url.port


async def bounded(answer: httpx2.Response, bounds: Bounds) -> bytes:
    """The body as it was sent. Raises FetchError for one that is compressed or too long: it may unfold to anything."""
    if answer.headers.get("content-encoding", "identity").strip().lower() not in {"identity", ""}:
        raise FetchError(Fault.COMPRESSED, "The server compresses what it was asked for uncompressed.")
    said = answer.headers.get("content-length", "")
    if said.isdecimal() and len(said) < 20 and int(said) > bounds.bytes_max:
        raise too_large(bounds)
    chunks, total = [], 0
    try:
        async for chunk in answer.aiter_raw():
            total += len(chunk)
            if total > bounds.bytes_max:
                raise too_large(bounds)
            chunks.append(chunk)
    except httpx2.HTTPError as error:
        raise unreached(error) from None
    return b"".join(chunks)


def too_large(bounds: Bounds) -> FetchError:
    """There is more than is taken."""
    return FetchError(Fault.TOO_LARGE, f"The server sends more than {bounds.bytes_max} bytes.")


def unreached(error: httpx2.HTTPError) -> FetchError:
    """What a failure of the connection is to a person."""
    if is_of_certificate(error):
        return FetchError(Fault.BAD_CERTIFICATE, "The server's certificate is not valid for this name.")
    if isinstance(error, httpx2.TimeoutException):
        return FetchError(Fault.TOO_SLOW, "The server does not answer in time.")
    if isinstance(error, httpx2.ConnectError):
        return FetchError(Fault.UNREACHABLE, "The server cannot be reached.")
    return FetchError(Fault.BAD_ANSWER, "The server's answer breaks off, or is none of the web.")


def is_of_certificate(error: BaseException | None) -> bool:
    """Whether a certificate was refused, found behind what wraps it."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False
