"""The product's own pages: one shell, served at each address that a mail or a person leads to; and the small files.

What a page shows is decided in the browser (web/src/pages): the shell is the same for everybody and holds nothing
personal, and a link's secret stands behind `#`, which is never sent. An area adds its address to `ADDRESSES`.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from models.base import clock
from web.pages import BUILT, page_of, read_page

ADDRESSES = (
    "/",
    "/login",
    "/invitation",
    "/verify-address",
    "/reset-password",
    "/second-factor",
    "/appointments",
    "/appointments/{id}",
    "/claims/{id}",
)

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

KEPT_A_DAY = {"cache-control": "public, max-age=86400"}
SECURITY_TEXT_LASTS = timedelta(days=180)


class ProductPages:
    """The shell of the pages, and what every site has. The shell is read once, when this is made."""

    def __init__(
        self, *, product: str, environment: str, address: str, security_contact: str, built: Path = BUILT
    ) -> None:
        shell = read_page(built / "page.html")
        if shell is not None:
            for name, value in (("product", product), ("environment", environment)):
                shell = shell.replace(b"{{ %s }}" % name.encode(), escape(value).encode())
        self._shell = shell
        self._built = built
        self._address = address
        self._security_contact = security_contact

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            *(Route(address, self.page, methods=["GET"]) for address in ADDRESSES),
            Route("/favicon.ico", self.icon, methods=["GET"]),
            Route("/robots.txt", self.robots, methods=["GET"]),
            Route("/.well-known/security.txt", self.security, methods=["GET"]),
        ]

    async def page(self, request: Request) -> Response:
        """The shell."""
        return page_of(self._shell, CONTENT_SECURITY_POLICY)

    async def icon(self, request: Request) -> Response:
        """The icon, for browsers that ask for it by its old name."""
        return self._file("favicon.ico", "image/x-icon")

    async def robots(self, request: Request) -> Response:
        """Search engines may show the front page; everything else is of somebody."""
        return self._file("robots.txt", "text/plain")

    async def security(self, request: Request) -> Response:
        """Whom to tell about a weakness (RFC 9116)."""
        until = (clock.real_now() + SECURITY_TEXT_LASTS).replace(microsecond=0)
        lines = (
            f"Contact: {self._security_contact}",
            f"Expires: {until.isoformat().replace('+00:00', 'Z')}",
            f"Canonical: {self._address}/.well-known/security.txt",
            "Preferred-Languages: en",
        )
        return PlainTextResponse("\n".join(lines) + "\n", headers=KEPT_A_DAY)

    def _file(self, name: str, media_type: str) -> Response:
        path = self._built / name
        if not path.is_file():
            return Response(status_code=404)
        return FileResponse(path, media_type=media_type, headers=KEPT_A_DAY)
