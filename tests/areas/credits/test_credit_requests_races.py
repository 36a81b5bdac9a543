"""A request for credits is decided once, whoever comes at the same moment; with real commits (CR-6)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from models.base.access import Role, Viewer
from models.credits.credit_requests import CreditRequest, CreditRequestStatus
from models.credits.ledger import Wallet
from models.credits.proof import grants_that_disagree, wallets_that_disagree
from models.records.erasure import ErasureReason
from models.schools.students import Student
from tests.support.asking import do
from tests.support.databases import own_database
from tests.support.two_sides import viewer_of
from tests.support.world import as_student, school_of, student_of

ROUNDS = 10


@pytest_asyncio.fixture(autouse=True, scope="module", loop_scope="session")
async def many_connections(postgres: str) -> AsyncIterator[None]:
    """A database of this module's own; after all races every balance is what the ledger makes of it."""
    async with own_database(postgres, pool_size=30):
        yield
        assert await wallets_that_disagree() == []
        assert await grants_that_disagree() == []


def outcomes(answers: list[Any]) -> Counter[str]:
    """How many answers there were of each kind: OK, or the first user error's code."""
    return Counter(answer["userErrors"][0]["code"] if answer["userErrors"] else "OK" for answer in answers)


async def sides() -> tuple[Student, Viewer, Viewer]:
    """A student, as a viewer too, and the school's staff."""
    school = await school_of()
    student = await student_of(school)
    return student, as_student(student), await viewer_of(Role.SCHOOL, school_id=school.id)


async def ask_for(viewer: Viewer) -> Any:
    """The answer to a request for three credits."""
    return await do("requestCredits", viewer, "creditRequest { id }", credits=3, reason="CREDITS_USED")


async def decide(staff: Viewer, id: str, credits: int) -> Any:
    """The answer to a decision."""
    reason: dict[str, Any] = {} if credits == 3 else {"reason": "LIMIT_REACHED"}
    return await do("decideCreditRequest", staff, "__typename", creditRequestId=id, credits=credits, **reason)


async def test_of_many_requests_at_once_one_is_made() -> None:
    student, viewer, _ = await sides()
    answers = await asyncio.gather(*(ask_for(viewer) for _ in range(20)))
    assert outcomes(answers) == {"OK": 1, "CONFLICT": 19}
    assert await CreditRequest.filter(student_id=student.id).count() == 1


async def test_of_many_deciders_one_decides_and_the_credits_are_granted_once() -> None:
    student, viewer, staff = await sides()
    id = (await ask_for(viewer))["creditRequest"]["id"]
    answers = await asyncio.gather(*(decide(staff, id, 1 + place % 3) for place in range(20)))
    assert outcomes(answers) == {"OK": 1, "NOT_OPEN": 19}
    asked = await CreditRequest.get(student_id=student.id)
    assert (await Wallet.get(id=student.id)).granted == asked.granted_credits > 0


async def test_a_request_is_decided_or_withdrawn_and_never_both() -> None:
    student, viewer, staff = await sides()
    granted = 0
    for place in range(ROUNDS):
        id = (await ask_for(viewer))["creditRequest"]["id"]
        steps = [decide(staff, id, 3), do("withdrawCreditRequest", viewer, "__typename", creditRequestId=id)]
        answers = await asyncio.gather(*(steps if place % 2 else reversed(steps)))
        assert outcomes(answers) == {"OK": 1, "NOT_OPEN": 1}
        asked = await CreditRequest.filter(student_id=student.id).order_by("-requested_at", "-id").first()
        assert asked is not None
        granted += asked.granted_credits
        assert (asked.status is CreditRequestStatus.GRANTED) is (asked.granted_credits > 0)
    assert (await Wallet.get(id=student.id)).granted == granted


async def test_a_student_who_is_erased_meanwhile_keeps_no_open_request_and_no_credit() -> None:
    for _ in range(ROUNDS // 2):
        student, viewer, staff = await sides()
        ops = await viewer_of(Role.OPS, invites=False)
        id = (await ask_for(viewer))["creditRequest"]["id"]
        reason = ErasureReason.STUDENT_ASKED.value
        await asyncio.gather(
            decide(staff, id, 3),
            do("eraseStudent", ops, "__typename", studentId=student.type_id, reason=reason),
            ask_for(viewer),
        )
        assert not await CreditRequest.filter(student_id=student.id, status=CreditRequestStatus.OPEN).exists()
        assert (await Wallet.get(id=student.id)).available == 0
