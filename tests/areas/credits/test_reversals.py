"""A transfer made by mistake is reversed once, with a reason, and the ledger agrees with it (CR-10)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest_asyncio

from models.accounts.accounts import Membership
from models.appointments.appointments import Appointment
from models.base.access import Role
from models.base.statements import Update, execute, write
from models.claims.claims import ClaimStatus
from models.credits.ledger import Bucket, Transfer, TransferKind, Wallet
from models.credits.proof import grants_that_disagree, wallets_that_disagree
from models.schools.schools import MissedSessionPolicy
from models.schools.students import Student
from notifications.outbox import write_mails
from settings import Settings
from tests.notifications.work import forget_mails_so_far, mails
from tests.support.asking import ask, do
from tests.support.databases import undone
from tests.support.two_sides import viewer_of
from tests.support.world import AT, Pair, as_provider, as_student, attested, confirmed, granted, pair_of, requested

A_DAY = timedelta(days=1)


@pytest_asyncio.fixture(loop_scope="session")
async def pair(database: Settings) -> AsyncIterator[Pair]:
    """A student with six credits at a school that forfeits; whatever is done to them, the ledger agrees with it."""
    async with undone():
        yield await pair_of(policy=MissedSessionPolicy.FORFEIT)
        await execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert await wallets_that_disagree() == []
        assert await grants_that_disagree() == []


async def last(student: Student, kind: TransferKind) -> Transfer:
    """The student's last transfer of this kind."""
    found = await Transfer.filter(wallet_id=student.id, kind=kind).order_by("-at", "-id").first()
    assert found is not None
    return found


async def reverse(transfer: Transfer, *, at: datetime = AT, role: Role = Role.FINANCE) -> Any:
    """The payload of a reversal."""
    selection = "transfer { kind source target credits reason reverses { id } }"
    sent: dict[str, Any] = {"transferId": transfer.type_id, "reason": "ENTERED_BY_MISTAKE"}
    return await do("reverseTransfer", await viewer_of(role), selection, at=at, **sent)


def faults(payload: Any) -> list[tuple[str, str, list[str]]]:
    """Code, rule and field of each user error."""
    return [(e["code"], e["rule"], e["field"][1:]) for e in payload["userErrors"]]


async def revoke(pair: Pair, grant: str, **more: Any) -> Any:
    """The payload of the school's taking back."""
    staff = await viewer_of(Role.SCHOOL, school_id=pair.school.id)
    return await do("revokeCredits", staff, "revoked grant { unused }", grantId=grant, **more)


async def balances(student: Student) -> dict[str, int]:
    """The buckets that are not empty."""
    wallet = await Wallet.get(id=student.id)
    names = ("granted", "available", "held", "settled", "expired", "revoked", "forfeited")
    return {name: getattr(wallet, name) for name in names if getattr(wallet, name)}


async def missed(pair: Pair) -> Appointment:
    """A session to which the student did not come, by which the credit was forfeited."""
    opening = pair.openings[5]
    session = await confirmed(pair.student, opening)
    locked = await Appointment.locked(session.id)
    await locked.mark_no_show(by=as_provider(pair.provider), at=opening.starts_at + timedelta(minutes=16))
    return locked


async def test_a_grant_that_is_wholly_unused_is_reversed_and_shown_so(pair: Pair) -> None:
    payload = await reverse(await last(pair.student, TransferKind.GRANT))
    assert payload["userErrors"] == []
    assert (payload["transfer"]["source"], payload["transfer"]["target"]) == ("AVAILABLE", "SCHOOL")
    assert await balances(pair.student) == {}
    text = "{ wallet { transfers { nodes { kind reason reverses { kind } reversedBy { kind } } } } }"
    nodes = (await ask(text, as_student(pair.student)))["wallet"]["transfers"]["nodes"]
    assert sorted(nodes, key=lambda node: str(node["kind"])) == [
        {"kind": "GRANT", "reason": None, "reverses": None, "reversedBy": {"kind": "REVERSE"}},
        {"kind": "REVERSE", "reason": "ENTERED_BY_MISTAKE", "reverses": {"kind": "GRANT"}, "reversedBy": None},
    ]


async def test_a_transfer_is_reversed_once(pair: Pair) -> None:
    grant = await last(pair.student, TransferKind.GRANT)
    assert (await reverse(grant))["userErrors"] == []
    await granted(pair.student, 6)
    assert [code for code, _, _ in faults(await reverse(grant))] == ["NOT_ELIGIBLE"], "its credits are used up"
    other = await granted(pair.student, 2)
    await revoke(pair, other.type_id)
    revoked = await last(pair.student, TransferKind.REVOKE)
    assert (await reverse(revoked, role=Role.OPS))["userErrors"] == []
    assert faults(await reverse(revoked)) == [("CONFLICT", "CR-10", ["transferId"])]


async def test_a_grant_of_which_something_was_used_is_not_reversed(pair: Pair) -> None:
    await requested(pair.student, pair.openings[0])
    refused = await reverse(await last(pair.student, TransferKind.GRANT))
    assert faults(refused) == [("NOT_ELIGIBLE", "CR-10", ["transferId"])]
    assert refused["userErrors"][0]["message"] == "Only 5 of the 6 credits of this grant are unused."


async def test_what_was_revoked_comes_back_while_its_grant_lives(pair: Pair) -> None:
    given = await granted(pair.student, 3, expires_at=AT + A_DAY)
    assert (await revoke(pair, given.type_id, credits=2))["revoked"] == 2
    taken = await last(pair.student, TransferKind.REVOKE)
    assert faults(await reverse(taken, at=AT + A_DAY)) == [("NOT_ELIGIBLE", "CR-10", ["transferId"])]
    assert (await reverse(taken, at=AT + A_DAY / 2))["transfer"]["target"] == "AVAILABLE"
    assert await balances(pair.student) == {"granted": 9, "available": 9}


async def test_more_than_is_unused_is_not_taken_back(pair: Pair) -> None:
    given = await granted(pair.student, 3)
    for credits in (0, -1, 4):
        assert faults(await revoke(pair, given.type_id, credits=credits)) == [("OUT_OF_BOUNDS", "CR-7", ["credits"])]
    assert (await revoke(pair, given.type_id)) == {"revoked": 3, "grant": {"unused": 0}, "userErrors": []}
    assert [code for code, _, _ in faults(await revoke(pair, given.type_id))] == ["NO_CREDITS"]


async def test_a_forfeited_credit_comes_back_and_the_student_is_told(pair: Pair) -> None:
    session = await missed(pair)
    assert await balances(pair.student) == {"granted": 6, "available": 5, "forfeited": 1}
    await forget_mails_so_far()
    payload = await reverse(await last(pair.student, TransferKind.FORFEIT), at=session.ends_at)
    assert (payload["userErrors"], payload["transfer"]["target"]) == ([], "AVAILABLE")
    assert await balances(pair.student) == {"granted": 6, "available": 6}
    await write_mails(at=session.ends_at, domain="mail.test")
    assert [(mail.template, mail.address) for mail in await mails()] == [("credits_corrected", pair.student.email)]


async def test_a_forfeited_credit_whose_grant_is_over_expires(pair: Pair) -> None:
    taken = await last(pair.student, TransferKind.GRANT)
    await reverse(taken)
    over = pair.openings[5].starts_at + A_DAY
    await granted(pair.student, 1, expires_at=over)
    await missed(pair)
    payload = await reverse(await last(pair.student, TransferKind.FORFEIT), at=over)
    assert payload["transfer"]["target"] == Bucket.EXPIRED
    assert await balances(pair.student) == {"granted": 1, "expired": 1}


async def test_a_settlement_stays_with_its_accepted_claim_and_comes_back_once_that_is_void(pair: Pair) -> None:
    session = await confirmed(pair.student, pair.openings[0])
    claim = await attested(session)
    settled = await last(pair.student, TransferKind.SETTLE)
    refused = await reverse(settled, at=session.ends_at)
    assert faults(refused) == [("NOT_ELIGIBLE", "CR-10", ["transferId"])]
    await execute("SET CONSTRAINTS ALL IMMEDIATE")
    await write(Update(claim, status=ClaimStatus.VOID))  # no verb does it yet
    await execute("SET CONSTRAINTS ALL DEFERRED")
    assert (await reverse(settled, at=session.ends_at))["transfer"]["target"] == "AVAILABLE"
    assert await balances(pair.student) == {"granted": 6, "available": 6}


async def test_holds_releases_and_reversals_end_in_their_own_ways(pair: Pair) -> None:
    session = await requested(pair.student, pair.openings[0])
    hold = await last(pair.student, TransferKind.HOLD)
    await (await Appointment.locked(session.id)).decline(by=as_provider(pair.provider), at=AT)
    await reverse(await last(pair.student, TransferKind.GRANT))
    for transfer in (
        hold,
        await last(pair.student, TransferKind.RELEASE),
        await last(pair.student, TransferKind.REVERSE),
    ):
        (error,) = (await reverse(transfer))["userErrors"]
        assert (error["code"], error["rule"], error["field"]) == ("NOT_ELIGIBLE", "CR-10", ["input", "transferId"])


async def test_nobody_reverses_a_transfer_of_their_own(pair: Pair) -> None:
    staff = await viewer_of(Role.FINANCE)
    student = pair.student
    own = Membership(
        account_id=staff.account_id, role=Role.STUDENT, student_id=student.id, school_id=student.school_id,
        created_at=AT,
    )  # fmt: skip
    await write(own)
    grant = await last(student, TransferKind.GRANT)
    sent: dict[str, Any] = {"transferId": grant.type_id, "reason": "WRONG_NUMBER"}
    refused = await do("reverseTransfer", staff, "__typename", **sent)
    assert faults(refused) == [("NOT_ELIGIBLE", "ID-9", ["transferId"])]
