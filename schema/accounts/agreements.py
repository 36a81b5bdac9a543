"""Agreements as clients see them: what a sign-up accepts, and what somebody has accepted (PR-1)."""

from datetime import datetime

import strawberry

from models.accounts import agreements
from models.accounts.agreements import Document
from operations.fields import ANYONE
from operations.queries import query
from resolvers.accounts.agreements import AgreementInput, current_agreements
from schema.base.shape import Node, computed, shown, shows, value

strawberry.input(AgreementInput, description="A document and version that the person accepts.")


@value
class Agreement:
    """A document in its current version, to be accepted at sign-up (PR-1)."""

    document: Document = shown("Document.")
    version: str = shown("Version.")
    text: str = computed(agreements.text_of, "Its text, in Markdown: headings, paragraphs and lists.", needs=())
    sha256: str = computed(agreements.DIGESTS.get, "SHA-256 of the text as UTF-8, in hexadecimal.", needs=())


@shows(agreements.Acceptance)
class Acceptance(Node):
    """A person's acceptance of one version of a document (PR-1)."""

    document: Document = shown("Document accepted.")
    version: str = shown("Version.")
    accepted_at: datetime = shown("When it was accepted.")


class Query:
    """What agreements add to Query."""

    agreements: list[Agreement] | None = query(current_agreements, allow=ANYONE)
