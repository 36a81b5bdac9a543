"""Consents as their person sees them (ID-7)."""

from datetime import datetime

from models.accounts import consents as models
from models.accounts.accounts import PEOPLE
from models.accounts.consents import Purpose
from models.base.access import Role
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.accounts import consents as resolvers
from schema.base.shape import Connection, Node, payload, shown, shows


@shows(models.ConsentText)
class ConsentText(Node):
    """Words that a person consents by, in one version and language; never changed."""

    purpose: Purpose = shown("What it is about.")
    version: str = shown("Version.")
    language: str = shown("Language as an ISO 639-1 code, such as `en`.")
    title: str = shown("Title.")
    body: str = shown("Whole text; an empty line separates paragraphs.")
    since: datetime = shown("When this version began.")


@shows(models.Consent)
class Consent(Node):
    """A person's consent to one purpose by one text."""

    purpose: Purpose = shown("What it is about.")
    text: ConsentText | None = relation(resolvers.TEXT, "Text it was given by.")
    given_at: datetime = shown("When it was given.")
    withdrawn_at: datetime | None = shown(
        "When it ended, withdrawn or replaced by one to a newer text; null while it holds."
    )


class Query:
    """What consents add to Query."""

    consents: Connection[Consent] | None = query(resolvers.many, allow=[Role.STUDENT])
    consent_texts: list[ConsentText] | None = query(resolvers.texts, allow=PEOPLE)


class Mutation:
    """What consents add to Mutation."""

    give_consent = mutation(resolvers.give, answers=payload("GiveConsent", Consent), allow=[Role.STUDENT])
    withdraw_consent = mutation(resolvers.withdraw, answers=payload("WithdrawConsent", Consent), allow=[Role.STUDENT])
