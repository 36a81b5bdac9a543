"""Payout details: whom a provider's money goes to. Numbers are sealed, shown by their last four, and never changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from stdnum.us import ein, rtn, ssn
from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.encryption import UnopenableError, open_sealed, seal, sealed_column
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.personal import Kept, Personal
from models.base.statements import Update, execute, write
from models.base.words import Words
from models.directory.providers import Provider

SEALED_TIN = sealed_column("payout_details", "sealed_tin")
SEALED_ACCOUNT = sealed_column("payout_details", "sealed_account")

SEPARATORS = re.compile(r"[ \-]")
NINE_DIGITS = re.compile(r"[0-9]{9}")
ACCOUNT_NUMBER = re.compile(r"[0-9]{4,17}")
"""What fits into the account field of an ACH entry, and is long enough to hide something behind its last four."""
LAST = 4


class TinKind(Words):
    """Kind of taxpayer identification number."""

    SSN = "SSN", "Social Security number."
    EIN = "EIN", "Employer identification number."


class AccountKind(Words, shown_as="BankAccountKind"):
    """Kind of bank account."""

    CHECKING = "CHECKING", "Checking account."
    SAVINGS = "SAVINGS", "Savings account."


class RevealReason(Words, shown_as="PayoutDetailsRevealReason"):
    """Reason for revealing the full numbers."""

    BANK_FILE = "BANK_FILE", "Creating or checking a payment file."
    RETURNED_PAYMENT = "RETURNED_PAYMENT", "A payment was returned by the bank."
    TAX_FORM = "TAX_FORM", "Creating or correcting a Form 1099-NEC."
    PAYEE_ASKED = "PAYEE_ASKED", "The payee asked to check them."
    AUDIT = "AUDIT", "Requested by an auditor."


@dataclass(frozen=True, kw_only=True, slots=True)
class Payee:
    """What a provider tells of itself to be paid; the two numbers do not show when it is printed."""

    legal_name: str
    tin_kind: TinKind
    tin: str = field(repr=False)
    routing_number: str
    account_number: str = field(repr=False)
    account_kind: AccountKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbers:
    """The numbers themselves, for whoever pays; they do not show when it is printed."""

    tin: str = field(repr=False)
    account_number: str = field(repr=False)


class PayoutDetails(Entity):
    """Where a provider's payouts go, and under which tax number: from its setting until it was replaced (EN-3)."""

    PREFIX: ClassVar[str] = "pyd"
    REACH: ClassVar[Reach] = {
        Role.OPS: EVERYTHING,
        Role.FINANCE: EVERYTHING,
        Role.PROVIDER: "payout_details.provider_id = {provider}",
    }

    provider: fields.ForeignKeyRelation[Provider] = fields.ForeignKeyField(
        "models.Provider", related_name="payout_details", on_delete=fields.RESTRICT, db_index=True
    )
    provider_id: UUID
    legal_name = fields.CharField(max_length=200)
    tin_kind = fields.CharEnumField(TinKind, max_length=3)
    sealed_tin = fields.TextField()
    tin_last4 = fields.CharField(max_length=4)
    routing_number = fields.CharField(max_length=9)
    sealed_account = fields.TextField()
    account_last4 = fields.CharField(max_length=4)
    account_kind = fields.CharEnumField(AccountKind, max_length=8)
    authorised_at = fields.DatetimeField()
    set_at = fields.DatetimeField()
    set_by = fields.UUIDField()
    superseded_at = fields.DatetimeField(null=True)

    PERSONAL: ClassVar[Mapping[str, Personal]] = {
        "legal_name": Personal("a payee's legal name"),
        "sealed_tin": Personal("a payee's tax number, sealed"),
        "tin_last4": Personal("its last four digits"),
        "routing_number": Personal("a payee's bank"),
        "sealed_account": Personal("a payee's bank account, sealed"),
        "account_last4": Personal("its last four digits"),
    }
    KEPT: ClassVar[Kept] = Kept(
        long="for good; four years after the last payment at the least",
        why="whom was paid, under which tax number (EN-3); numbers sealed",
    )

    class Meta:
        """Partial UNIQUE: one current row a provider; a trigger keeps everything but the seals as it was set."""

        table = "payout_details"

    @property
    def numbers(self) -> Numbers:
        """The numbers, opened. Raises UnopenableError."""
        return Numbers(
            tin=open_sealed(self.sealed_tin, SEALED_TIN, self.id),
            account_number=open_sealed(self.sealed_account, SEALED_ACCOUNT, self.id),
        )

    def says(self, payee: Payee) -> bool:
        """Whether these are the details already; what does not open any more is to be set anew."""
        try:
            numbers = self.numbers
        except UnopenableError:
            return False
        return payee == Payee(
            legal_name=self.legal_name,
            tin_kind=self.tin_kind,
            tin=numbers.tin,
            routing_number=self.routing_number,
            account_number=numbers.account_number,
            account_kind=self.account_kind,
        )


async def set_details(
    provider_id: UUID, payee: Payee, *, authorises_deposit: bool, by: Viewer, at: datetime
) -> PayoutDetails:
    """Set a provider's payout details; the ones until now stay as history. The same again changes nothing (EN-3)."""
    payee = compact(payee)
    refuse_if_any([*payee_refusals(payee), *authorisation_refusals(authorises_deposit)])
    await execute("SELECT 1 FROM providers WHERE id = $1 FOR NO KEY UPDATE", provider_id)
    before = await PayoutDetails.get_or_none(provider_id=provider_id, superseded_at=None)
    if before is not None and before.says(payee):
        return before
    if before is not None:
        # Apart from the next statement: the index allows one current row at any instant.
        await write(Update(before, superseded_at=at))
    details = new_payout_details(provider_id, payee, by=by, at=at)
    await write(details, new_event(EventVerb.PAYOUT_DETAILS_SET, details, by=by, at=at))
    return details


def new_payout_details(provider_id: UUID, payee: Payee, *, by: Viewer, at: datetime) -> PayoutDetails:
    """The row of these details, its numbers sealed for it alone."""
    details = PayoutDetails(
        provider_id=provider_id,
        legal_name=payee.legal_name,
        tin_kind=payee.tin_kind,
        tin_last4=payee.tin[-LAST:],
        routing_number=payee.routing_number,
        account_last4=payee.account_number[-LAST:],
        account_kind=payee.account_kind,
        authorised_at=at,
        set_at=at,
        set_by=by.account_id,
    )
    details.sealed_tin = seal(payee.tin, SEALED_TIN, details.id)
    details.sealed_account = seal(payee.account_number, SEALED_ACCOUNT, details.id)
    return details


async def reveal(details: PayoutDetails, reason: RevealReason, *, by: Viewer, at: datetime) -> Numbers:
    """The numbers themselves, with an event that says who looked, when and why, in the same transaction."""
    await write(new_event(EventVerb.PAYOUT_DETAILS_REVEALED, details, by=by, at=at, reason=reason.value))
    return details.numbers


def compact(payee: Payee) -> Payee:
    """The same without the spaces and hyphens that people group numbers with."""
    return Payee(
        legal_name=payee.legal_name.strip(),
        tin_kind=payee.tin_kind,
        tin=SEPARATORS.sub("", payee.tin),
        routing_number=SEPARATORS.sub("", payee.routing_number),
        account_number=SEPARATORS.sub("", payee.account_number),
        account_kind=payee.account_kind,
    )


def payee_refusals(payee: Payee) -> list[Refusal]:
    """Everything that is wrong with the details, at once; no answer repeats a number (EN-3)."""
    found = []
    if not payee.legal_name:
        found.append(invalid("legalName", "A payee has a legal name.", "Write it as on the W-9."))
    if not is_tin(payee.tin, payee.tin_kind):
        found.append(invalid("tin", f"This is no {payee.tin_kind.value} that is given out.", "Copy it from the W-9."))
    if not is_routing_number(payee.routing_number):
        found.append(invalid("routingNumber", "This is no routing number: its check digit is wrong.", "Ask your bank."))
    if not ACCOUNT_NUMBER.fullmatch(payee.account_number):
        found.append(invalid("accountNumber", "An account number has 4 to 17 digits.", "Copy it from a statement."))
    return found


def invalid(path: str, message: str, fix: str) -> Refusal:
    """A part of the details that cannot be taken."""
    return Refusal(Code.INVALID, message, rule="EN-3", path=[path], fix=fix)


def authorisation_refusals(authorises_deposit: bool) -> list[Refusal]:
    """Nothing is paid into an account without its owner's word (EN-3)."""
    if authorises_deposit:
        return []
    return [
        invalid(
            "authorisesDirectDeposit",
            "Direct deposit is not authorised.",
            "Show the authorisation, and send true once it is given.",
        )
    ]


def is_tin(number: str, kind: TinKind) -> bool:
    """Whether such a taxpayer identification number is given out at all."""
    return NINE_DIGITS.fullmatch(number) is not None and bool((ssn if kind is TinKind.SSN else ein).is_valid(number))


def is_routing_number(number: str) -> bool:
    """Whether the check digit of a bank's routing number is right."""
    return NINE_DIGITS.fullmatch(number) is not None and number != "0" * 9 and bool(rtn.is_valid(number))


CONSTRAINTS["payout_details_one_current"] = Refusal(
    Code.CONFLICT, "The payout details have changed in the meantime.", rule="EN-3", fix="Read them again."
)
