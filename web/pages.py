"""Serves what `npm run build` made: GraphiQL, its configuration, the development mailbox, the assets of all pages."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from mimetypes import guess_type
from os import PathLike, stat_result
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

BUILT = Path(__file__).parent / "dist"
GRAPHIQL = "/graphiql"
OPERATIONS = Path(__file__).parent / "operations"
"""The documents that our pages send by themselves."""

# Monaco positions each line of text by a style attribute and writes its theme into style elements, hence
# 'unsafe-inline' for styles alone; scripts, workers, fonts and connections come from this host or not at all.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "cache-control": "no-cache",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
ASSET_HEADERS = {
    # A worker obeys the policy of its own file, not the page's.
    "content-security-policy": "default-src 'none'; script-src 'self'",
    "cache-control": "public, max-age=31536000, immutable",
    "vary": "accept-encoding",
    "x-content-type-options": "nosniff",
}
ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""What the build leaves beside a file, the smallest first (web/compress.ts)."""

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
    """A worked query, offered to whoever signs in under its role, beside the others of its group (`examples.Group`)."""

    group: str
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
        self._graphiql = read_page(built / "graphiql.html")
        self._mailbox = read_page(built / "mail.html")

    def in_front_of(self, graphql: ASGIApp) -> ASGIApp:
        """The GraphQL application, but a person who opens its address in a browser is sent to GraphiQL."""
        return PageOrGraphQL(RedirectResponse(GRAPHIQL, headers={"vary": "accept"}), graphql)

    async def graphiql(self, request: Request) -> Response:
        """GraphiQL."""
        return page_of(self._graphiql, CONTENT_SECURITY_POLICY)

    async def config(self, request: Request) -> Response:
        """Environment, demo accounts and worked queries, as the page reads them."""
        return JSONResponse(self._config, headers={"cache-control": "no-store", "x-content-type-options": "nosniff"})

    async def mailbox(self, request: Request) -> Response:
        """The development mailbox's page; its messages come from `/dev/mail.json`."""
        return page_of(self._mailbox, CONTENT_SECURITY_POLICY)

    def routes(self, *, with_mailbox: bool) -> list[BaseRoute]:
        """Every route of these pages, and of the assets."""
        routes: list[BaseRoute] = [
            Route(GRAPHIQL, self.graphiql, methods=["GET"]),
            Route(f"{GRAPHIQL}/config.json", self.config, methods=["GET"]),
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
        encoding, path = compressed(Path(full_path), Headers(scope=scope).get("accept-encoding", ""))
        if encoding is None:
            response = super().file_response(full_path, stat_result, scope, status_code)
        else:
            media_type = guess_type(full_path)[0]
            response = FileResponse(path, status_code, media_type=media_type, headers={"content-encoding": encoding})
        response.headers.update(ASSET_HEADERS)
        return response


def compressed(path: Path, accepted: str) -> tuple[str | None, Path]:
    """The smallest form of a file that is there and accepted, and its encoding; the file itself without one."""
    codings = [coding.strip().partition(";") for coding in accepted.split(",")]
    wanted = {name.strip() for name, _, quality in codings if quality.replace(" ", "") not in {"q=0", "q=0.0"}}
    for encoding, suffix in ENCODINGS.items():
        smaller = path.with_name(path.name + suffix)
        if encoding in wanted and smaller.is_file():
            return encoding, smaller
    return None, path


def _opened_in_a_browser(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
        return False
    return "text/html" in Headers(scope=scope).get("accept", "")


def read_page(page: Path) -> bytes | None:
    """A built page; nothing before it is built."""
    return page.read_bytes() if page.is_file() else None


def page_of(content: bytes | None, policy: str) -> Response:
    """The answer with a page, under this content security policy."""
    if content is None:
        return Response(NOT_BUILT, status_code=503, media_type="text/plain")
    return Response(content, media_type="text/html", headers=PAGE_HEADERS | {"content-security-policy": policy})
