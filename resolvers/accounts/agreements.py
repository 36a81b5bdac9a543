"""How requests about agreements are answered, and how an acceptance is sent (PR-1)."""

from __future__ import annotations

from typing import Annotated

import strawberry

from execution import Selection
from models.accounts import agreements
from models.accounts.agreements import CURRENT, Agreement, Document
from models.base.access import Role
from operations.context import Context


class AgreementInput:
    """One document in one version; an input type of the schema."""

    document: Document = strawberry.field(description="Document accepted.")
    version: str = strawberry.field(description="Version accepted, as `agreements` returns it.")


Accepts = Annotated[list[AgreementInput], "Agreements the person accepts, as listed by `agreements` (PR-1)."]


def agreed(accepts: list[AgreementInput]) -> list[Agreement]:
    """The accepted documents as the models know them."""
    return [Agreement(Document(one.document), one.version) for one in accepts]


async def current_agreements(
    context: Context,
    selection: Selection,
    *,
    role: Annotated[Role | None, "Only agreements this role must accept; default all."] = None,
) -> list[Agreement]:
    """Agreements to accept at sign-up, in their current versions (PR-1)."""
    return list(CURRENT.values() if role is None else agreements.required_of(role))
