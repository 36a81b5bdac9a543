"""Where the links of messages lead: the one place that knows the addresses of our pages."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from models.base.ids import encode


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """The product's name, the address of its pages without a slash at the end, and whom people may ask for help."""

    address: str
    product: str = "Flexible Credits"
    support_email: str = ""

    @property
    def sign_in(self) -> str:
        """The sign-in page; its address never changes."""
        return f"{self.address}/login"

    @property
    def appointments(self) -> str:
        """The list of one's own sessions."""
        return f"{self.address}/appointments"

    def appointment(self, id: UUID) -> str:
        """The page of one session."""
        return f"{self.appointments}/{encode('apt', id)}"

    def claim(self, id: UUID) -> str:
        """The page of one claim."""
        return f"{self.address}/claims/{encode('clm', id)}"

    def secret(self, page: str, token: str | None) -> str:
        """A page with a secret token, which stands behind `#`, where no server and no log ever sees it."""
        return f"{self.address}/{page}#{token}"
