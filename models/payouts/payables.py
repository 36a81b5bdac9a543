"""The books of payments (PY-6): payees, entries that sum to zero, what is payable, and the files that were sent.

The tables and their rules alone: nothing fills them yet but `payees`, which confirming a session does (CL-5).
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from tortoise import fields

from models.base.personal import Kept
from models.base.tables import Table
from models.base.words import Words

SEVEN_YEARS = Kept(long="for good; seven years at the least", why="the books: every payment is accounted for (PY-6)")


class Payee(Table):
    """Who is paid for sessions: a person, or a practice."""

    id = fields.UUIDField(primary_key=True)
    person_id = fields.UUIDField(null=True)
    practice_id = fields.UUIDField(null=True)
    created_at = fields.DatetimeField()

    KEPT: ClassVar[Kept] = SEVEN_YEARS

    class Meta:
        """CHECK: exactly one of the two; UNIQUE: one payee for each."""

        table = "payees"


class PayoutRun(Table):
    """One run of payments, every two weeks (PY-1)."""

    id = fields.UUIDField(primary_key=True)
    opened_at = fields.DatetimeField()

    KEPT: ClassVar[Kept] = SEVEN_YEARS

    class Meta:
        """What its payables and its file belong to."""

        table = "payout_runs"


class EntryCause(Words):
    """What an entry of the payment books is about."""

    CLAIM = "CLAIM", "A claim was accepted."
    HOLD = "HOLD", "A payment was held, or let go."
    RUN = "RUN", "A payment was sent, or arrived."
    RETURN = "RETURN", "A payment came back from the bank."
    WITHHOLDING = "WITHHOLDING", "Tax was withheld."
    RECEIPT = "RECEIPT", "A school paid."
    WRITE_OFF = "WRITE_OFF", "An amount was given up."
    REVERSAL = "REVERSAL", "An entry made by mistake was reversed."


class Entry(Table):
    """One entry of the payment books; its postings sum to zero."""

    id = fields.UUIDField(primary_key=True)
    cause_kind = fields.CharEnumField(EntryCause, max_length=20)
    cause_id = fields.UUIDField()
    reverses_id = fields.UUIDField(null=True)
    at = fields.DatetimeField()

    KEPT: ClassVar[Kept] = SEVEN_YEARS

    class Meta:
        """Append-only; UNIQUE: one entry of a cause, one reversal of an entry."""

        table = "entries"


class PostingAccount(Words):
    """Account of the payment books."""

    PAYABLE = "PAYABLE", "Owed to the payee."
    HELD = "HELD", "Owed, and held until a question is settled."
    TRANSIT = "TRANSIT", "On its way through the bank."
    PAID = "PAID", "Paid."
    WITHHELD = "WITHHELD", "Withheld for taxes."
    RECEIVABLE = "RECEIVABLE", "Owed by a school."
    RECEIVED = "RECEIVED", "Paid by a school."
    WRITTEN_OFF = "WRITTEN_OFF", "Given up."
    COST = "COST", "The other side of what is owed to payees."


class Posting(Table):
    """One line of an entry: cents to one account, above or below zero."""

    id = fields.UUIDField(primary_key=True)
    entry: fields.ForeignKeyRelation[Entry] = fields.ForeignKeyField(
        "models.Entry", related_name="postings", on_delete=fields.RESTRICT, db_index=True
    )
    entry_id: UUID
    account = fields.CharEnumField(PostingAccount, max_length=20)
    payee_id = fields.UUIDField(null=True)
    school_id = fields.UUIDField(null=True)
    claim_id = fields.UUIDField(null=True)
    run_id = fields.UUIDField(null=True)
    cents = fields.BigIntField()

    KEPT: ClassVar[Kept] = SEVEN_YEARS

    class Meta:
        """Append-only; a deferred trigger: each entry sums to zero, and a reversal undoes all of its entry."""

        table = "postings"


class HeldReason(Words):
    """Why a payment is held."""

    DISPUTED = "DISPUTED", "The student says that the session did not happen (CL-8)."
    ABSENCE_REPORTED = "ABSENCE_REPORTED", "The provider was reported absent (AP-7)."
    NO_ACCOUNT = "NO_ACCOUNT", "The payee has given no bank account."
    ACCOUNT_CHANGED = "ACCOUNT_CHANGED", "The bank account was changed less than three days ago (PY-6)."
    BY_STAFF = "BY_STAFF", "Staff holds it."


class Payable(Table):
    """What one claim comes to: paid once, and taken back once by a line below zero (PY-3)."""

    id = fields.UUIDField(primary_key=True)
    claim_id = fields.UUIDField()
    payee_id = fields.UUIDField()
    sign = fields.SmallIntField()
    cents = fields.BigIntField()
    held_reason = fields.CharEnumField(HeldReason, max_length=20, null=True)
    run_id = fields.UUIDField(null=True)

    KEPT: ClassVar[Kept] = SEVEN_YEARS

    class Meta:
        """UNIQUE: one of each sign for a claim; CHECK: a held one is in no run."""

        table = "payables"


class TransmissionState(Words):
    """How far the file of a run has come."""

    WRITTEN = "WRITTEN", "Written beside its place."
    RENAMED = "RENAMED", "In its place, where the bank takes it: sent."
    ACKED = "ACKED", "Acknowledged by the bank."


class Transmission(Table):
    """The file of a run: the same name and digest however often it is written (PY-1)."""

    id = fields.UUIDField(primary_key=True)
    run_id = fields.UUIDField(unique=True)
    file_sha256 = fields.BinaryField()
    trace_from = fields.BigIntField()
    state = fields.CharEnumField(TransmissionState, max_length=10)
    written_at = fields.DatetimeField()

    KEPT: ClassVar[Kept] = SEVEN_YEARS

    class Meta:
        """UNIQUE: one file a run; its state only goes on."""

        table = "transmissions"
