"""Everything at once on one wallet, with real commits: whatever succeeds, the ledger adds up (CR-7, CR-10)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from models.base.access import Role
from models.base.ids import encode
from models.credits.ledger import Grant, Transfer, TransferKind, Wallet
from models.credits.proof import grants_that_disagree, wallets_that_disagree
from tests.support.asking import do
from tests.support.databases import own_database
from tests.support.two_sides import viewer_of
from tests.support.world import AT, Pair, as_student, granted, pair_of

AT_ONCE = 50
BUCKETS = ("available", "held", "settled", "expired", "revoked", "forfeited")


@pytest_asyncio.fixture(autouse=True, scope="module", loop_scope="session")
async def many_connections(postgres: str) -> AsyncIterator[None]:
    """A database of this module's own with room for everybody."""
    async with own_database(postgres, pool_size=AT_ONCE + 10):
        yield


def outcomes(answers: Iterable[Any]) -> Counter[str]:
    """How many answers there were of each kind: OK, or the first user error's code."""
    return Counter(answer["userErrors"][0]["code"] if answer["userErrors"] else "OK" for answer in answers)


async def adds_up(pair: Pair) -> Wallet:
    """The wallet, of which every balance is what the ledger makes of it."""
    assert await wallets_that_disagree() == []
    assert await grants_that_disagree() == []
    wallet = await Wallet.get(id=pair.student.id)
    assert wallet.granted == sum(getattr(wallet, bucket) for bucket in BUCKETS)
    return wallet


async def test_of_many_reversals_of_one_transfer_one_is_made() -> None:
    pair, money = await pair_of(), await viewer_of(Role.FINANCE)
    grant = await Transfer.get(wallet_id=pair.student.id)
    sent: dict[str, Any] = {"transferId": grant.type_id, "reason": "ENTERED_BY_MISTAKE"}
    answers = await asyncio.gather(*(do("reverseTransfer", money, "__typename", **sent) for _ in range(20)))
    assert outcomes(answers)["OK"] == 1
    assert await Transfer.filter(reverses_id=grant.id).count() == 1
    assert (await adds_up(pair)).granted == 0


async def test_a_grant_is_reversed_or_used_and_never_both() -> None:
    pair, money = await pair_of(credits=0), await viewer_of(Role.FINANCE)
    staff = await viewer_of(Role.SCHOOL, school_id=pair.school.id)
    for _ in range(10):
        given = await granted(pair.student, 2)
        made = await Transfer.get(grant_id=given.id)
        sent: dict[str, Any] = {"transferId": made.type_id, "reason": "WRONG_NUMBER"}
        answers = await asyncio.gather(
            do("reverseTransfer", money, "__typename", **sent),
            do("revokeCredits", staff, "__typename", grantId=given.type_id),
        )
        assert outcomes(answers)["OK"] == 1
    assert (await adds_up(pair)).available == 0


async def round_of(pair: Pair, turns: count[int]) -> list[Any]:
    """Fifty verbs of all kinds at once, on whatever the wallet holds when it begins."""
    money, staff = await viewer_of(Role.FINANCE), await viewer_of(Role.SCHOOL, school_id=pair.school.id)
    student = as_student(pair.student)
    grants = await Grant.filter(wallet_id=pair.student.id)
    transfers = await Transfer.filter(wallet_id=pair.student.id, kind__in=[TransferKind.GRANT, TransferKind.REVOKE])

    def verb(place: int) -> Awaitable[Any]:
        turn = next(turns)
        kinds: list[tuple[str, Any, dict[str, Any]]] = [
            ("grantCredits", staff, {"studentId": pair.student.type_id, "credits": 1 + turn % 3}),
            ("revokeCredits", staff, {"grantId": grants[turn % len(grants)].type_id, "credits": 1}),
            (
                "reverseTransfer",
                money,
                {"transferId": transfers[turn % len(transfers)].type_id, "reason": "WRONG_NUMBER"},
            ),
            ("requestCredits", student, {"credits": 2, "reason": "CREDITS_USED"}),
            (
                "requestAppointment",
                student,
                {
                    "openingId": encode("opn", pair.openings[turn % len(pair.openings)].id),
                    "state": "MA",
                    "acceptsMissedAppointmentPolicy": True,
                },
            ),
        ]
        name, by, sent = kinds[place % len(kinds)]
        return do(name, by, "__typename", at=AT + timedelta(seconds=turn), **sent)

    return await asyncio.gather(*(verb(place) for place in range(AT_ONCE)))


async def rounds(number: int) -> None:
    """So many rounds on one wallet."""
    pair, turns = await pair_of(credits=20), count()
    for _ in range(number):
        answers = await round_of(pair, turns)
        assert outcomes(answers)["OK"] > 0
        assert set(outcomes(answers)) <= {"OK", "CONFLICT", "NOT_ELIGIBLE", "NO_CREDITS", "OUT_OF_BOUNDS", "SLOT_TAKEN"}
        await adds_up(pair)


async def test_fifty_verbs_at_once_on_one_wallet_leave_it_adding_up() -> None:
    await rounds(1)


@pytest.mark.soak
async def test_fifty_verbs_at_once_on_one_wallet_leave_it_adding_up_many_times() -> None:
    await rounds(20)
