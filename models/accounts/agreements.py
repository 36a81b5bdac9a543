"""Agreements: what a person accepts when they sign up, by document and version (PR-1)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.accounts.accounts import OF_ACCOUNTS, Account, own
from models.base.access import Entity, Reach, Role
from models.base.errors import Code, Refusal
from models.base.exports import in_record
from models.base.personal import Kept
from models.base.words import Words


class Document(Words, shown_as="AgreementDocument"):
    """Documents to be accepted at sign-up (PR-1)."""

    TERMS_OF_SERVICE = "TERMS_OF_SERVICE", "Terms of service."
    PRIVACY_POLICY = "PRIVACY_POLICY", "What personal data is kept, and why."
    BUSINESS_ASSOCIATE_AGREEMENT = (
        "BUSINESS_ASSOCIATE_AGREEMENT",
        "HIPAA business associate agreement; for clinicians and practice offices.",
    )


@dataclass(frozen=True, slots=True)
class Agreement:
    """A document and version that the person accepts."""

    document: Document
    version: str


CURRENT = {
    Document.TERMS_OF_SERVICE: Agreement(Document.TERMS_OF_SERVICE, "2026-11"),
    Document.PRIVACY_POLICY: Agreement(Document.PRIVACY_POLICY, "2026-11"),
    Document.BUSINESS_ASSOCIATE_AGREEMENT: Agreement(Document.BUSINESS_ASSOCIATE_AGREEMENT, "2026-11"),
}

DIGESTS = {
    Agreement(Document.TERMS_OF_SERVICE, "2026-11"): "6c581b415e48d01bc266c36f1ffb25a84eb6901c1c4adb9a83726db3452412e1",
    Agreement(Document.PRIVACY_POLICY, "2026-11"): "966b100c698156ae3ce7a7b7b42a14204572e81f9626175ef9dcdd7e93d8de5d",
    Agreement(
        Document.BUSINESS_ASSOCIATE_AGREEMENT, "2026-11"
    ): "d4d2b5440b6a17fb087621bfd814dd35814d084ff8c192c78fbd887d98b2dc21",
}
"""The SHA-256 of each text that ever was offered, in hexadecimal; none is changed or taken away."""

TEXTS = Path(__file__).with_name("texts")

TREATING = frozenset({Role.PROVIDER, Role.OFFICE})
"""Who handles health records in a practice, and so is a business associate."""


class Acceptance(Entity):
    """One person's acceptance of one document in one version; append-only."""

    PREFIX: ClassVar[str] = "agr"
    REACH: ClassVar[Reach] = own("acceptances.account_id")

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="acceptances", on_delete=fields.RESTRICT
    )
    account_id: UUID
    document = fields.CharEnumField(Document, max_length=30)
    version = fields.CharField(max_length=20)
    accepted_at = fields.DatetimeField()

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"version"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="who accepted which version when (PR-1)")

    class Meta:
        """UNIQUE: each version is accepted once; a trigger refuses every change."""

        table = "acceptances"
        unique_together = (("account_id", "document", "version"),)


in_record(
    Acceptance, "account_id", "document", "version", "accepted_at", where=f"acceptances.account_id IN {OF_ACCOUNTS}"
)


def required_of(role: Role) -> tuple[Agreement, ...]:
    """What somebody of this role must have accepted: clinicians and their offices the BAA too."""
    wanted = [Document.TERMS_OF_SERVICE, Document.PRIVACY_POLICY]
    if role in TREATING:
        wanted.append(Document.BUSINESS_ASSOCIATE_AGREEMENT)
    return tuple(CURRENT[document] for document in wanted)


def acceptance_refusals(accepted: Collection[Agreement], role: Role) -> list[Refusal]:
    """What is missing among the accepted documents, and which of the others do not exist."""
    missing = [wanted for wanted in required_of(role) if wanted not in accepted]
    told = {wanted.document for wanted in missing}
    unknown = {one.document for one in accepted if one not in DIGESTS} - told
    return [
        *(
            Refusal(
                Code.INVALID,
                f"{words_of(wanted.document)}, version {wanted.version}, is not accepted.",
                rule="PR-1",
                path=["accepts"],
                fix="Show the document in this version, and include it in `accepts` once it is accepted.",
            )
            for wanted in missing
        ),
        *(
            Refusal(
                Code.INVALID,
                f"{words_of(document)} has no such version.",
                rule="PR-1",
                path=["accepts"],
                fix="Send the versions that `agreements` returns.",
            )
            for document in sorted(unknown)
        ),
    ]


@lru_cache(maxsize=64)
def text_of(agreement: Agreement) -> str | None:
    """The text of a version, in Markdown: headings, paragraphs and lists. None for one that was never offered here.

    Raises RuntimeError where the file is not what was accepted.
    """
    digest = DIGESTS.get(agreement)
    if digest is None:
        return None
    content = (TEXTS / f"{agreement.document.value.lower()}-{agreement.version}.md").read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise RuntimeError(f"the text of {agreement} was changed: a changed text is a new version")
    return content.decode()


def words_of(document: Document) -> str:
    """The name of a document in a sentence."""
    return "The " + document.value.lower().replace("_", " ")


async def missing_from(account_id: UUID, role: Role) -> list[Agreement]:
    """What this account has still to accept before it acts under this role."""
    kept = await Acceptance.filter(account_id=account_id)
    known = {Agreement(row.document, row.version) for row in kept}
    return [wanted for wanted in required_of(role) if wanted not in known]


def accepted_now(account_id: UUID, agreements: Collection[Agreement], *, at: datetime) -> list[Acceptance]:
    """The rows that record these acceptances."""
    return [
        Acceptance(account_id=account_id, document=one.document, version=one.version, accepted_at=at)
        for one in agreements
    ]
