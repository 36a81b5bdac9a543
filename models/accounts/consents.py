"""Consents: who agreed to what, in which words, since and until when; a row each, never a boolean (ID-7).

A consent is a person's: who is a student of two schools gives it once. Its words are rows too (`consent_texts`), loaded
by migrations and never changed, so that it can always be shown what somebody agreed to.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.accounts.accounts import OF_ACCOUNTS, PEOPLE, Account
from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal
from models.base.event_verbs import EventVerb
from models.base.events import Event, new_event
from models.base.exports import in_record
from models.base.personal import Kept
from models.base.statements import Update, fetch, write
from models.base.words import Words

OWN_PERSON = "(SELECT own.person_id FROM accounts own WHERE own.id = {account})"
OF_PERSONS = f"(SELECT own.person_id FROM accounts own WHERE own.id IN {OF_ACCOUNTS})"
"""The persons who act as one student, `$1`."""


class Purpose(Words, shown_as="ConsentPurpose"):
    """What a person consents to."""

    TELEHEALTH = "TELEHEALTH", "Sessions by video with one's providers (EN-7)."


CURRENT = """
(consent_texts.since <= {at} AND NOT EXISTS (
    SELECT 1 FROM consent_texts newer
     WHERE newer.purpose = consent_texts.purpose AND newer.language = consent_texts.language
       AND newer.since <= {at} AND (newer.since, newer.version) > (consent_texts.since, consent_texts.version)))
"""
"""Whether a text is the one to be shown, of its purpose and language."""


class ConsentText(Entity):
    """The words of a consent in one version and language. Never changed: other words are a new version."""

    PREFIX: ClassVar[str] = "ctx"
    REACH: ClassVar[Reach] = dict.fromkeys(PEOPLE, EVERYTHING)

    purpose = fields.CharEnumField(Purpose, max_length=20)
    version = fields.CharField(max_length=20)
    language = fields.CharField(max_length=2)
    title = fields.CharField(max_length=100)
    body = fields.TextField()
    since = fields.DatetimeField()

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"version", "language", "title", "body"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="in which words people consented")

    class Meta:
        """UNIQUE of purpose, version and language; a trigger refuses every change."""

        table = "consent_texts"
        unique_together = (("purpose", "version", "language"),)


class Consent(Entity):
    """A person's consent to one purpose by one text, until it is withdrawn."""

    PREFIX: ClassVar[str] = "cns"
    REACH: ClassVar[Reach] = {
        Role.STUDENT: f"consents.person_id = {OWN_PERSON}",
        Role.OPS: EVERYTHING,
    }

    person_id = fields.UUIDField()
    purpose = fields.CharEnumField(Purpose, max_length=20)
    consent_text: fields.ForeignKeyRelation[ConsentText] = fields.ForeignKeyField(
        "models.ConsentText", related_name="consents", on_delete=fields.RESTRICT, db_index=True
    )
    consent_text_id: UUID
    subject_type = fields.CharField(max_length=8, null=True)
    subject_id = fields.UUIDField(null=True)
    given_at = fields.DatetimeField()
    withdrawn_at = fields.DatetimeField(null=True)

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"subject_type"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="who consented to what, in which words, and until when")

    class Meta:
        """Partial UNIQUE: one live consent of a person to a purpose and subject. A trigger lets it end, and no more."""

        table = "consents"
        indexes = [("person_id", "given_at")]

    @classmethod
    async def give(cls, text: ConsentText, *, by: Viewer, at: datetime) -> Consent:
        """Consent by this text. A live consent by an earlier version ends with it, at the same moment.

        Raises NOT_OPEN for a text that is not the current one, CONFLICT if the consent is given by it already.
        """
        if not await fetch(f"SELECT 1 FROM consent_texts WHERE id = $1 AND {CURRENT.format(at='$2')}", text.id, at):
            raise OUTDATED
        person_id = (await Account.get(id=by.account_id)).person_id
        live = (
            await cls.filter(person_id=person_id, purpose=text.purpose, subject_id=None, withdrawn_at=None)
            .select_for_update(no_key=True)
            .first()
        )
        if live is not None:
            if live.consent_text_id == text.id:
                raise ALREADY
            await write(Update(live, withdrawn_at=at))  # before the new one: at no time are two of them live
        consent = cls(person_id=person_id, purpose=text.purpose, consent_text_id=text.id, given_at=at)
        await write(consent, told(EventVerb.CONSENT_GIVEN, consent, by=by, at=at))
        return consent

    async def withdraw(self, *, by: Viewer, at: datetime) -> None:
        """End the consent; whoever sees it sees it no more. Raises NOT_OPEN if it has ended."""
        if self.withdrawn_at is not None:
            raise Refusal(
                Code.NOT_OPEN,
                "This consent has ended already.",
                rule="ID-7",
                path=["consentId"],
                fix="Read the list of your consents again.",
            )
        await write(Update(self, withdrawn_at=at), told(EventVerb.CONSENT_WITHDRAWN, self, by=by, at=at))


def told(verb: EventVerb, consent: Consent, *, by: Viewer, at: datetime) -> Event:
    """The event of a consent: in the history of the student who acted, and no school's."""
    event = new_event(verb, consent, by=by, at=at, purpose=consent.purpose.value)
    event.student_id = by.student_id
    return event


OUTDATED = Refusal(
    Code.NOT_OPEN,
    "This is not the current text.",
    rule="ID-7",
    path=["consentTextId"],
    fix="Show the person the current one of `consentTexts`, and give the consent by that.",
)
ALREADY = Refusal(
    Code.CONFLICT,
    "You have given this consent already.",
    rule="ID-7",
    path=["consentTextId"],
    fix="Nothing to do.",
)
CONSTRAINTS["consents_one_live"] = ALREADY

in_record(
    Consent, "purpose", "consent_text_id", "given_at", "withdrawn_at", where=f"consents.person_id IN {OF_PERSONS}"
)
in_record(
    ConsentText,
    "purpose",
    "version",
    "language",
    "title",
    "body",
    where=f"consent_texts.id IN (SELECT own.consent_text_id FROM consents own WHERE own.person_id IN {OF_PERSONS})",
)
