"""Agreements as clients see them: what a sign-up accepts, and what somebody has accepted (PR-1)."""

from datetime import datetime

import strawberry

from models.accounts import agreements
from models.accounts.agreements import Document
from operations.fields import ANYONE
from operations.queries import query
from resolvers.accounts.agreements import AgreementInput, current_agreements
from schema.base.shape import Node, shown, shows, value

strawberry.input(AgreementInput, description="One document in one version, as a person accepts it.")


@value
class Agreement:
    """One document in the version that a sign-up accepts now (PR-1)."""

    document: Document = shown("What is agreed to.")
    version: str = shown("In which version.")


@shows(agreements.Acceptance)
class Acceptance(Node):
    """That somebody accepted a document in one version (PR-1)."""

    document: Document = shown("What was accepted.")
    version: str = shown("In which version.")
    accepted_at: datetime = shown("When.")


class Query:
    """What agreements add to Query."""

    agreements: list[Agreement] | None = query(current_agreements, allow=ANYONE)
