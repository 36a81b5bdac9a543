"""The agreements that a person signed, as documents for them to keep (PR-1)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from documents.pdf import Document, Facts
from documents.prose import read_prose
from documents.times import told
from models.accounts import agreements
from models.accounts.agreements import Acceptance, Agreement
from models.base.errors import Code, Refusal
from models.base.statements import fetch_one

SIGNATORY = """
SELECT accounts.name, accounts.email, coalesce(own.time_zone, 'UTC') AS time_zone
  FROM accounts
  LEFT JOIN LATERAL (
    SELECT coalesce(students.time_zone, providers.time_zone, schools.time_zone) AS time_zone
      FROM memberships held
      LEFT JOIN students ON students.id = held.student_id
      LEFT JOIN providers ON providers.id = held.provider_id
      LEFT JOIN schools ON schools.id = held.school_id
     WHERE held.account_id = accounts.id AND coalesce(students.time_zone, providers.time_zone, schools.time_zone) <> ''
     ORDER BY held.ended_at IS NOT NULL, held.created_at, held.id LIMIT 1
  ) own ON true
 WHERE accounts.id = $1
"""
"""Who an account is, and the zone of what it acts for: the student's or provider's own, or the school's."""


class Signatory(Protocol):
    """A person who signed."""

    @property
    def name(self) -> str:
        """Their name, as the account has it now."""

    @property
    def email(self) -> str:
        """Their address."""

    @property
    def time_zone(self) -> str:
        """An IANA zone."""


async def signed_agreement(acceptance: Acceptance, *, product: str, at: datetime) -> Document:
    """The text that was accepted, with who accepted it and when on their clock, and the digest of the text.

    Refuses a version whose text was never here.
    """
    agreement = Agreement(acceptance.document, acceptance.version)
    text = agreements.text_of(agreement)
    if text is None:
        raise Refusal(
            Code.NOT_OPEN,
            "The text of this version is not kept here.",
            rule="PR-1",
            path=["acceptanceId"],
            fix="Contact support.",
        )
    who: Signatory = await fetch_one(SIGNATORY, acceptance.account_id)
    return document_of(acceptance, who, text, digest=agreements.DIGESTS[agreement], product=product, at=at)


def document_of(
    acceptance: Acceptance, who: Signatory, text: str, *, digest: str, product: str, at: datetime
) -> Document:
    """The document of an acceptance."""
    title, blocks = read_prose(text)
    facts = Facts(
        [
            ("Accepted by", f"{who.name} ({who.email})" if who.name else who.email),
            ("Accepted at", told(acceptance.accepted_at, who.time_zone)),
            ("Version", acceptance.version),
            ("Acceptance", acceptance.type_id),
            ("SHA-256 of the text", digest),
            ("This copy made at", told(at, who.time_zone)),
        ]
    )
    return Document(title=title, product=product, at=at, body=[facts, *blocks], footnote=f"SHA-256 {digest}")
