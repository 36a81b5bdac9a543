"""Serves the pages that `npm run build` made: GraphiQL, its configuration, the development mailbox and their assets."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from os import PathLike, stat_result
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

BUILT = Path(__file__).parent / "dist"
OPERATIONS = Path(__file__).parent / "operations"
"""The documents that GraphiQL itself sends."""

# Monaco positions each line of text by a style attribute and writes its theme into style elements, hence
# 'unsafe-inline' for styles alone; scripts, workers, fonts and connections come from this host or not at all.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cache-control": "no-cache",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "vary": "accept",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
ASSET_HEADERS = {
    # A worker obeys the policy of its own file, not the page's.
    "content-security-policy": "default-src 'none'; script-src 'self'",
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
}
NOT_BUILT = b"The pages are not built yet: run `make web`, then start the server again.\n"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One account of a demo server, signed in with one click: a person's address and password, or a partner's key."""

    role: str
    email: str = ""
    password: str = field(default="", repr=False)
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Starter:
    """A worked query, offered to whoever signs in under its role."""

    role: str
    title: str
    query: str
    variables: str = "{}"


@dataclass(frozen=True, slots=True)
class GraphiQLConfig:
    """What GraphiQL is told before anybody has signed in; `accounts` stay empty outside a demo server."""

    environment: str
    accounts: Sequence[DemoAccount] = ()
    starters: Sequence[Starter] = ()


class Pages:
    """The pages' endpoints, and the routes that lead to them; the files are read once, when it is made."""

    def __init__(self, config: GraphiQLConfig, *, built: Path = BUILT) -> None:
        self._config = asdict(config)
        self._built = built
        self._graphiql = _read(built / "graphiql.html")
        self._mailbox = _read(built / "mail.html")

    def in_front_of(self, graphql: ASGIApp) -> ASGIApp:
        """The GraphQL application, but a browser that opens its address gets the page."""
        return PageOrGraphQL(_page(self._graphiql), graphql)

    async def config(self, request: Request) -> Response:
        """Environment, demo accounts and worked queries, as the page reads them."""
        return JSONResponse(self._config, headers={"cache-control": "no-store", "x-content-type-options": "nosniff"})

    async def mailbox(self, request: Request) -> Response:
        """The development mailbox's page; its messages come from `/dev/mail.json`."""
        return _page(self._mailbox)

    def routes(self, *, graphql_path: str = "/graphql", with_mailbox: bool) -> list[BaseRoute]:
        """Every route of the pages but GraphiQL's own address, which it shares with the API."""
        routes: list[BaseRoute] = [
            Route(f"{graphql_path}/config.json", self.config, methods=["GET"]),
            Mount("/assets", Assets(directory=self._built / "assets", check_dir=False)),
        ]
        if with_mailbox:
            routes.append(Route("/dev/mail", self.mailbox, methods=["GET"]))
        return routes


class PageOrGraphQL:
    """One address for people and programs: the `Accept` header tells them apart."""

    def __init__(self, page: Response, graphql: ASGIApp) -> None:
        self._page = page
        self._graphql = graphql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        answer = self._page if _opened_in_a_browser(scope) else self._graphql
        await answer(scope, receive, send)


class Assets(StaticFiles):
    """Built files, whose names change with their content and may therefore be kept for ever."""

    def file_response(
        self, full_path: PathLike[str] | str, stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file with headers that let a browser keep it."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update(ASSET_HEADERS)
        return response


def _opened_in_a_browser(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
        return False
    return "text/html" in Headers(scope=scope).get("accept", "")


def _read(page: Path) -> bytes | None:
    return page.read_bytes() if page.is_file() else None


def _page(content: bytes | None) -> Response:
    if content is None:
        return Response(NOT_BUILT, status_code=503, media_type="text/plain")
    return Response(content, media_type="text/html", headers=PAGE_HEADERS)
