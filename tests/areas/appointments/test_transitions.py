"""The table of steps: document, database and Python say the same; and what no verb does yet, in SQL (CR-10, AP-10)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from models.appointments.appointments import Appointment, AppointmentStatus
from models.appointments.steps import CREDIT, STEPS, CreditAt
from models.base.ids import new_id
from models.base.statements import execute, fetch, transaction
from models.credits.ledger import MOVES, REVERSALS, Bucket, Transfer, TransferKind, Wallet
from models.credits.proof import grants_that_disagree, wallets_that_disagree
from models.schools.schools import MissedSessionPolicy
from settings import Settings
from tests.support.databases import undone
from tests.support.world import AT, Pair, as_provider, attested, confirmed, granted, pair_of, requested, student_of

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "appointments.md"
ALL = [status.value for status in AppointmentStatus]


def told() -> dict[str, tuple[set[str], set[str]]]:
    """For each status of the guide's table what it may become, and where its credit may be."""
    rows = [line.split("|") for line in GUIDE.read_text().splitlines() if re.match(r"\| [A-Z_]+ \|", line)]
    return {
        cells[1].strip(): (set(re.findall(r"[A-Z_]+", cells[2])), set(re.findall(r"[A-Z_]+", cells[3])))
        for cells in rows
    }


async def allowed(function: str, others: list[str]) -> dict[str, set[str]]:
    """For each status what a function of the database allows beside it."""
    rows = await fetch(
        f"SELECT status, array_agg(other) FILTER (WHERE {function}(status, other)) AS others"
        " FROM unnest($1::text[]) AS status CROSS JOIN unnest($2::text[]) AS other GROUP BY 1",
        ALL, others,
    )  # fmt: skip
    return {row.status: set(row.others or ()) for row in rows}


async def test_the_guide_the_database_and_python_tell_the_same_steps(database: Settings) -> None:
    python = {status.value: {later.value for later in STEPS[status]} for status in AppointmentStatus}
    assert {status: later for status, (later, _) in told().items()} == python
    assert await allowed("appointment_may_go", ALL) == python


async def test_the_guide_the_database_and_python_tell_the_same_places_of_a_credit(database: Settings) -> None:
    python = {status.value: {credit.value for credit in CREDIT[status]} for status in AppointmentStatus}
    assert {status: credit for status, (_, credit) in told().items()} == python
    assert await allowed("credit_may_be", [credit.value for credit in CreditAt]) == python


async def test_the_database_and_python_tell_the_same_moves_of_credits(database: Settings) -> None:
    (row,) = await fetch(
        "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conname = 'transfers_moves'"
    )
    listed = re.findall(r"'(\w+)'::text\) AND \(source = '(\w+)'::text\) AND \(target = '(\w+)'::text\)", row.text)
    python = {(kind.value, source.value, target.value) for kind, (source, target) in MOVES.items()}
    python |= {(TransferKind.REVERSE.value, source.value, target.value) for source, target in REVERSALS}
    assert set(listed) == python


@pytest_asyncio.fixture(loop_scope="session")
async def pair(database: Settings) -> AsyncIterator[Pair]:
    """A student and a provider of a school that forfeits; whatever happens, the ledger agrees, and nothing stays."""
    async with undone():
        yield await pair_of(policy=MissedSessionPolicy.FORFEIT)
        await execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert await wallets_that_disagree() == []
        assert await grants_that_disagree() == []


MOVE = """
INSERT INTO transfers (id, wallet_id, student_id, school_id, grant_id, appointment_id, kind, source, target, credits,
                       at, reverses_id, overrides_id, reason)
SELECT $1, t.wallet_id, t.student_id, t.school_id, $2, t.appointment_id, $3, $4, $5, t.credits, $6, $7, $8,
       CASE $3::text WHEN 'REVERSE' THEN 'ENTERED_BY_MISTAKE' END
  FROM transfers t WHERE t.id = $9
"""


async def reverse(other: Transfer, target: Bucket, *, at: datetime = AT) -> UUID:
    """Reverse a transfer."""
    id = new_id()
    await execute(MOVE, id, other.grant_id, "REVERSE", other.target.value, target.value, at, other.id, None, other.id)
    return id


async def settle_late(other: UUID, grant: UUID, *, at: datetime = AT) -> UUID:
    """Settle late, in the place of the transfer by which the credit came back."""
    id = new_id()
    await execute(MOVE, id, grant, "SETTLE_LATE", "AVAILABLE", "SETTLED", at, None, other, other)
    return id


async def become(session: Appointment, status: str, *more: str) -> None:
    """Give a session another status, and run more statements about it; all in one transaction."""
    async with transaction():
        await execute(f"UPDATE appointments SET status = '{status}' WHERE id = $1", session.id)
        for statement in more:
            await execute(statement, session.id)


async def check() -> None:
    """Run all checks that wait for the commit."""
    await execute("SET CONSTRAINTS ALL IMMEDIATE")
    await execute("SET CONSTRAINTS ALL DEFERRED")


async def claimed(session: Appointment, *, at: datetime | None = None) -> None:
    """Attest a session, to the end of its transaction."""
    await attested(session, at=at)
    await check()


async def end_of(session: Appointment) -> Transfer:
    """The transfer that ended the hold of a session."""
    return await Transfer.get(appointment_id=session.id, kind__in=["SETTLE", "RELEASE", "FORFEIT"])


async def wallet_of(student: Any) -> dict[str, int]:
    """The balances that are not zero."""
    wallet = await Wallet.get(id=student.id)
    names = ("granted", "available", "held", "settled", "expired", "revoked", "forfeited")
    return {name: value for name in names if (value := getattr(wallet, name))}


VOIDED_CLAIM = "UPDATE claims SET status = 'VOID' WHERE appointment_id = $1"
ACCEPTED_CLAIM = "UPDATE claims SET status = 'ACCEPTED', amount_cents = 12500, reasons = '[]' WHERE appointment_id = $1"


async def refused(constraint: str, doing: Any) -> None:
    """Await something that this constraint refuses, by itself or at the commit."""

    async def attempt() -> None:
        async with transaction():
            await doing
            await check()

    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as found:
        await attempt()
    assert found.value.constraint_name == constraint


async def test_a_completed_session_is_voided_with_its_claim_and_the_pair_has_its_intake_again(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    await claimed(session)
    await become(session, "VOIDED", VOIDED_CLAIM)
    await reverse(await end_of(session), Bucket.AVAILABLE)
    await check()
    assert await wallet_of(pair.student) == {"granted": 6, "available": 6}
    assert (await requested(pair.student, pair.openings[1])).visit_type == "INTAKE"


async def test_a_session_is_not_voided_under_a_claim_that_stands(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    await claimed(session)

    async def voided() -> None:
        await become(session, "VOIDED")
        await reverse(await end_of(session), Bucket.AVAILABLE)

    await refused("claims_credit_agrees", voided())


async def test_a_voided_session_gives_its_credit_back(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    await claimed(session)
    await refused("credit_agrees_with_appointment", become(session, "VOIDED", VOIDED_CLAIM))


async def test_a_denied_claim_that_is_decided_again_settles_any_available_credit_once(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    await claimed(session, at=session.attest_by)
    released, other = await end_of(session), await granted(pair.student, 1)
    await settle_late(released.id, other.id)
    await execute(ACCEPTED_CLAIM, session.id)
    await check()
    assert await wallet_of(pair.student) == {"granted": 7, "available": 6, "settled": 1}
    await refused("transfers_one_override", settle_late(released.id, other.id))


async def test_a_late_settlement_is_refused_where_no_credit_is_left(pair: Pair) -> None:
    poor = await student_of(pair.school)
    given = await granted(poor, 1)
    session = await confirmed(poor, pair.openings[0])
    await claimed(session, at=session.attest_by)
    await requested(poor, pair.openings[2], at=AT)
    await refused("wallets_available_check", settle_late((await end_of(session)).id, given.id))


async def test_a_late_settlement_without_a_claim_that_says_so_is_refused(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    await claimed(session, at=session.attest_by)
    released = await end_of(session)
    await refused("claims_credit_agrees", settle_late(released.id, released.grant_id))


async def test_a_disputed_no_show_is_reversed_and_then_settled_late(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[8])
    await session.mark_no_show(by=as_provider(pair.provider), at=session.ends_at)
    forfeited = await end_of(session)
    assert await wallet_of(pair.student) == {"granted": 6, "available": 5, "forfeited": 1}
    back = await reverse(forfeited, Bucket.AVAILABLE)
    await check()
    assert await wallet_of(pair.student) == {"granted": 6, "available": 6}
    await settle_late(back, forfeited.grant_id)
    await become(session, "COMPLETED")
    await check()
    assert await wallet_of(pair.student) == {"granted": 6, "available": 5, "settled": 1}


async def test_a_no_show_is_not_completed_while_its_credit_is_forfeited(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[8])
    await session.mark_no_show(by=as_provider(pair.provider), at=session.ends_at)
    await refused("credit_agrees_with_appointment", become(session, "COMPLETED"))


@pytest.mark.parametrize("how", ["SETTLE", "FORFEIT"])
async def test_what_is_reversed_after_its_grants_end_is_expired(pair: Pair, how: str) -> None:
    poor = await student_of(pair.school)
    over = pair.openings[8].starts_at + timedelta(hours=1)
    await granted(poor, 1, expires_at=over)
    session = await confirmed(poor, pair.openings[8])
    if how == "SETTLE":
        await claimed(session)
        await become(session, "VOIDED", VOIDED_CLAIM)
    else:
        await session.mark_no_show(by=as_provider(pair.provider), at=session.ends_at)
    ended = await end_of(session)
    await refused("transfers_reverse_another", reverse(ended, Bucket.AVAILABLE, at=over))
    await reverse(ended, Bucket.EXPIRED, at=over)
    await check()
    assert await wallet_of(poor) == {"granted": 1, "expired": 1}
    await refused("transfers_one_reversal", reverse(ended, Bucket.EXPIRED, at=over))


@pytest.mark.parametrize(("kind", "target"), [("EXPIRE", "EXPIRED"), ("REVOKE", "REVOKED")])
async def test_what_expired_or_was_revoked_by_mistake_is_available_again(pair: Pair, kind: str, target: str) -> None:
    poor = await student_of(pair.school)
    given = await granted(poor, 3, expires_at=AT + timedelta(days=9))
    made, id = await Transfer.get(grant_id=given.id), new_id()
    await execute(MOVE, id, given.id, kind, "AVAILABLE", target, AT, None, None, made.id)
    assert await wallet_of(poor) == {"granted": 3, target.lower(): 3}
    gone = await Transfer.get(id=id)
    await refused("transfers_reverse_another", reverse(gone, Bucket.AVAILABLE, at=AT + timedelta(days=9)))
    await reverse(gone, Bucket.AVAILABLE)
    assert await wallet_of(poor) == {"granted": 3, "available": 3}


async def test_a_grant_is_reversed_only_wholly_unused(pair: Pair) -> None:
    poor = await student_of(pair.school)
    unused, used = await granted(poor, 3), await granted(poor, 2)
    await reverse(await Transfer.get(grant_id=unused.id), Bucket.SCHOOL)
    assert await wallet_of(poor) == {"granted": 2, "available": 2}
    session = await requested(poor, pair.openings[0])
    assert (await Transfer.get(appointment_id=session.id)).grant_id == used.id
    await refused("wallets_available_check", reverse(await Transfer.get(grant_id=used.id, kind="GRANT"), Bucket.SCHOOL))
