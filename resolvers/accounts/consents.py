"""How requests about consents are answered: the texts, one's own consents, giving and withdrawing them (ID-7)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.accounts.consents import CURRENT, Consent, ConsentText
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import to_one
from operations.reads.rows import find, find_locked, rows_where

LATEST_FIRST = Order("given_at", descending=True)


async def texts(context: Context, selection: Selection) -> list[Any]:
    """Texts to consent by, in their current versions; one for each purpose and language."""
    return await rows_where(
        context, ConsentText, selection.needs, CURRENT.format(at="$1"), context.now,
        tail="ORDER BY consent_texts.purpose, consent_texts.language",
    )  # fmt: skip


async def many(context: Context, selection: Selection, *, page: PageRequest) -> Page:
    """Your consents, given and withdrawn, newest first. They are yours in whichever school you are a student."""
    return await page_of(context, Consent, selection, page, order=LATEST_FIRST)


async def give(
    context: Context,
    *,
    consent_text_id: Annotated[UUID, ConsentText, "Text that was shown, as `consentTexts` returns it."],
) -> Consent:
    """Give your consent by a text that you were shown. It holds in all your schools, until you withdraw it (ID-7)."""
    text = await find(context, ConsentText, consent_text_id, path="consentTextId")
    return await Consent.give(text, by=context.viewer, at=context.now)


async def withdraw(context: Context, *, consent_id: Annotated[UUID, Consent, "Consent to withdraw."]) -> Consent:
    """Withdraw a consent. Nobody is shown it as given from then on."""
    consent = await find_locked(context, Consent, consent_id, path="consentId")
    await consent.withdraw(by=context.viewer, at=context.now)
    return consent


TEXT = to_one(ConsentText, by="consent_text_id")
