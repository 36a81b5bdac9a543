"""Headers every answer carries, cross-origin rules by list, and the origin check of WebSockets; plain ASGI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Header = tuple[bytes, bytes]

STRICT_POLICY: dict[str, str] = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}

PAGE_POLICY: dict[str, str] = {
    **STRICT_POLICY,
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
}

FIXED_HEADERS: list[Header] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]

ANSWER_HEADERS: list[Header] = [(b"x-content-type-options", b"nosniff")]
"""Beside its policy, all that matters for what is never a page: the answer to a post."""

ALLOWED_REQUEST_HEADERS = "authorization, content-type, x-request-id, last-event-id"
EXPOSED_HEADERS = "x-request-id, retry-after"
PREFLIGHT_SECONDS = 600
MISDIRECTED = b"This server does not answer for that host.\n"


def content_security_policy(base: Mapping[str, str] = STRICT_POLICY, **sources: str) -> str:
    """A policy as one header value; `script_src="'self'"` adds to or replaces a line of the base."""
    policy = {**base, **{name.replace("_", "-"): value for name, value in sources.items()}}
    return "; ".join(f"{name} {value}" for name, value in policy.items())


class SecurityHeaders:
    """Puts the security headers on every answer that does not set them itself.

    `pages` maps the beginning of a path to a policy of its own; the longest beginning that fits wins.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        policy: str | None = None,
        pages: Mapping[str, str] | None = None,
        strict_transport_seconds: int = 0,
        common: Iterable[Header] = FIXED_HEADERS,
    ) -> None:
        self.app = app
        self.common = list(common)
        if strict_transport_seconds:
            value = f"max-age={strict_transport_seconds}; includeSubDomains"
            self.common.append((b"strict-transport-security", value.encode()))
        self.default = self._headers(policy or content_security_policy())
        self.names = frozenset(name for name, _ in self.default)
        longest_first = sorted((pages or {}).items(), key=lambda item: -len(item[0]))
        self.pages = [(path, self._headers(value)) for path, value in longest_first]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add headers to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        added = self._for_path(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", ())
                present = {name for name, _ in headers}  # in lower case, as ASGI asks for
                if present.isdisjoint(self.names):
                    message["headers"] = [*headers, *added]
                else:
                    message["headers"] = [*headers, *(header for header in added if header[0] not in present)]
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _for_path(self, path: str) -> list[Header]:
        for beginning, headers in self.pages:
            if path.startswith(beginning):
                return headers
        return self.default

    def _headers(self, policy: str) -> list[Header]:
        return [(b"content-security-policy", policy.encode("ascii")), *self.common]


class Origins:
    """The web origins that may use the API from a browser; its own origin always may."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self.allowed = frozenset(origin.rstrip("/").lower() for origin in allowed)
        if "*" in self.allowed or "null" in self.allowed:
            raise ValueError("Name each origin: '*' and 'null' would let any page in.")

    def lists(self, origin: str) -> bool:
        """Whether the origin stands in the list."""
        return origin.lower() in self.allowed

    def admits(self, origin: str | None, host: str | None) -> bool:
        """Whether a page of this origin may open a connection to this host; programs send no origin."""
        if origin is None or self.lists(origin):
            return True
        _, separator, name = origin.lower().partition("://")
        return bool(separator) and host is not None and name == host.lower()


class KnownHosts:
    """Refuses requests and WebSockets that are addressed to somebody else.

    A page of another site can give its own name our address (DNS rebinding); its browser then takes us for that site.
    With `numbers` any address in numbers is let in as well, which no such name can be.
    """

    def __init__(
        self, app: ASGIApp, *, hosts: Iterable[str], numbers: bool = False, open_paths: Iterable[str] = ()
    ) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)
        self.numbers = numbers
        self.open_paths = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is meant for us."""
        if scope["type"] == "lifespan" or self._knows(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()  # websocket.connect
            await send({"type": "websocket.close", "code": 4403})  # before accepting, this is HTTP 403
        else:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(MISDIRECTED))]
            await send({"type": "http.response.start", "status": 421, "headers": headers})
            await send({"type": "http.response.body", "body": MISDIRECTED})

    def _knows(self, scope: Scope) -> bool:
        if scope["path"] in self.open_paths:
            return True
        given = [value for name, value in scope["headers"] if name == b"host"]
        return len(given) == 1 and self._is_ours(given[0].decode("latin-1").lower())

    def _is_ours(self, host: str) -> bool:
        name, separator, port = host.rpartition(":")
        if not separator or not port.isdecimal():
            name = host
        name = name.removeprefix("[").removesuffix("]")
        return name in self.hosts or (self.numbers and _is_number(name))


class CrossOrigin:
    """Answers preflights and marks answers for listed origins; credentials by cookie are never allowed."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        self.app = app
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is not a preflight."""
        origin = _header(scope, b"origin") if scope["type"] == "http" else None
        if origin is None:
            await self.app(scope, receive, send)
            return
        listed = self.origins.lists(origin)
        if scope["method"] == "OPTIONS" and _header(scope, b"access-control-request-method") is not None:
            await self._preflight(origin, listed, send)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                headers.append((b"vary", b"origin"))
                if listed:
                    headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
                    headers.append((b"access-control-expose-headers", EXPOSED_HEADERS.encode()))
                message["headers"] = headers
            await send(message)

        await self.app(scope, receive, send_marked)

    async def _preflight(self, origin: str, listed: bool, send: Send) -> None:
        headers: list[Header] = [(b"vary", b"origin"), (b"content-length", b"0")]
        if listed:
            headers += [
                (b"access-control-allow-origin", origin.encode("latin-1")),
                (b"access-control-allow-methods", b"GET, POST, PUT"),
                (b"access-control-allow-headers", ALLOWED_REQUEST_HEADERS.encode()),
                (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
            ]
        await send({"type": "http.response.start", "status": 204 if listed else 403, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _is_number(name: str) -> bool:
    try:
        return bool(ip_address(name))
    except ValueError:
        return False


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return None
