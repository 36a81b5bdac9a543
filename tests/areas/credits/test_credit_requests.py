"""Asking for more credits, as people walk it: asked, seen, told, decided or withdrawn, once (CR-6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.accounts.accounts import Account, Membership
from models.base.access import Role, Viewer
from models.base.statements import write
from models.records import erasure
from models.records.erasure import ErasureReason
from models.schools.students import Student
from notifications.outbox import write_mails
from tests.notifications.work import forget_mails_so_far, mails
from tests.support.asking import ask, do
from tests.support.two_sides import viewer_of
from tests.support.world import AT, as_staff, as_student, school_of, student_of

pytestmark = pytest.mark.usefixtures("rolled_back")

FIELDS = (
    "id status credits reason requestedAt decideBy endedAt ageHours grantedCredits decisionReason grant { credits }"
)
ASKED: dict[str, Any] = {"credits": 4, "reason": "CONTINUE_CARE"}


async def world(*, credits: int = 0) -> tuple[Viewer, Viewer, Student]:
    """A student of a school, as a viewer, and the school's staff."""
    school = await school_of()
    student = await student_of(school, credits=credits)
    return as_student(student), await viewer_of(Role.SCHOOL, school_id=school.id), student


async def asked(student: Viewer) -> str:
    """The id of a request for four credits."""
    payload = await do("requestCredits", student, f"creditRequest {{ {FIELDS} }}", **ASKED)
    assert payload["userErrors"] == []
    return str(payload["creditRequest"]["id"])


async def decided(staff: Viewer, id: str, credits: int, **more: Any) -> Any:
    """The payload of a decision."""
    selection = f"creditRequest {{ {FIELDS} }} grant {{ id credits unused }} warnings"
    return await do("decideCreditRequest", staff, selection, creditRequestId=id, credits=credits, **more)


def faults(payload: Any) -> list[tuple[str, str | None, str]]:
    """Code, rule and field of each user error."""
    return [(e["code"], e["rule"], ".".join(e["field"][1:])) for e in payload["userErrors"]]


async def wallet(student: Viewer) -> int:
    """What the student has available."""
    return int((await ask("{ wallet { available } }", student))["wallet"]["available"])


async def test_a_request_waits_for_the_school_and_is_granted_in_whole() -> None:
    student, staff, _ = await world()
    id = await asked(student)
    (task,) = (await ask("{ tasks { nodes { kind subject { id } dueAt mutations } } }", staff))["tasks"]["nodes"]
    assert (task["kind"], task["subject"], task["dueAt"]) == (
        "DECIDE_CREDIT_REQUEST", {"id": id}, AT + timedelta(days=7),
    )  # fmt: skip
    listed = "{ creditRequests(filter: {status: [OPEN]}) { nodes { id ageHours student { id } } totalCount } }"
    (node,) = (await ask(listed, staff, at=AT + timedelta(hours=30)))["creditRequests"]["nodes"]
    assert (node["id"], node["ageHours"]) == (id, 30)
    payload = await decided(staff, id, 4)
    assert payload["userErrors"] == payload["warnings"] == []
    assert (payload["creditRequest"]["status"], payload["grant"]["credits"]) == ("GRANTED", 4)
    assert payload["creditRequest"]["grant"] == {"credits": 4}
    assert await wallet(student) == 4
    assert (await ask("{ tasks { nodes { kind } } }", staff))["tasks"]["nodes"] == []
    assert (await ask(listed, staff))["creditRequests"] == {"nodes": [], "totalCount": 0}


async def test_some_are_granted_with_a_reason_and_none_too() -> None:
    student, staff, _ = await world()
    some = await decided(staff, await asked(student), 1, reason="LIMIT_REACHED")
    request = some["creditRequest"]
    assert (request["status"], request["grantedCredits"], request["decisionReason"]) == (
        "PARTLY_GRANTED", 1, "LIMIT_REACHED",
    )  # fmt: skip
    none = await decided(staff, await asked(student), 0, reason="BUDGET_SPENT")
    assert (none["creditRequest"]["status"], none["grant"], none["userErrors"]) == ("DECLINED", None, [])
    assert await wallet(student) == 1
    mine = (await ask("{ creditRequests { nodes { status decisionReason } } }", student))["creditRequests"]["nodes"]
    assert {node["status"] for node in mine} == {"PARTLY_GRANTED", "DECLINED"}


async def test_a_decision_that_breaks_several_rules_is_told_all_of_them() -> None:
    student, staff, _ = await world()
    id = await asked(student)
    over = (AT - timedelta(days=1)).isoformat()
    assert faults(await decided(staff, id, 5, reason="LIMIT_REACHED")) == [
        ("OUT_OF_BOUNDS", "CR-6", "credits"), ("INVALID", "CR-6", "reason"),
    ]  # fmt: skip
    assert faults(await decided(staff, id, 2, expiresAt=over)) == [
        ("INVALID", "CR-3", "expiresAt"), ("INVALID", "CR-6", "reason"),
    ]  # fmt: skip
    assert faults(await decided(staff, id, -1, reason="NOT_ELIGIBLE")) == [("OUT_OF_BOUNDS", "CR-6", "credits")]
    assert await wallet(student) == 0


async def test_a_student_has_one_open_request_within_the_schools_limits() -> None:
    student, _, _ = await world()
    for credits in (0, -3, 101, 2_000_000_000):
        refused = await do("requestCredits", student, "__typename", credits=credits, reason="CREDITS_USED")
        assert faults(refused) == [("OUT_OF_BOUNDS", "CR-2", "credits")]
    await asked(student)
    assert faults(await do("requestCredits", student, "__typename", **ASKED)) == [("CONFLICT", "CR-6", "credits")]


async def test_what_is_withdrawn_is_over_and_another_may_follow() -> None:
    student, staff, _ = await world()
    id = await asked(student)
    payload = await do("withdrawCreditRequest", student, "creditRequest { status endedAt }", creditRequestId=id)
    assert payload["creditRequest"]["status"] == "WITHDRAWN"
    over = [("NOT_OPEN", "CR-6", "creditRequestId")]
    assert faults(await decided(staff, id, 4)) == over
    assert faults(await do("withdrawCreditRequest", student, "__typename", creditRequestId=id)) == over
    await asked(student)


async def test_another_schools_request_and_another_students_are_not_there() -> None:
    student, _, _ = await world()
    stranger, others, _ = await world()
    id = await asked(student)
    gone = [("NOT_FOUND", None, "creditRequestId")]
    assert faults(await decided(others, id, 4)) == gone
    assert faults(await do("withdrawCreditRequest", stranger, "__typename", creditRequestId=id)) == gone
    for viewer in (stranger, others):
        assert (await ask("{ creditRequests { nodes { id } } }", viewer))["creditRequests"]["nodes"] == []


async def test_nobody_decides_their_own_request() -> None:
    student, staff, row = await world()
    await write(
        Membership(
            account_id=staff.account_id, role=Role.STUDENT, student_id=row.id, school_id=row.school_id, created_at=AT
        )
    )
    id = await asked(student)
    cases: list[tuple[int, dict[str, Any], str]] = [
        (0, {"reason": "BUDGET_SPENT"}, "creditRequestId"),
        (4, {}, "studentId"),
    ]
    for credits, reason, field in cases:
        assert faults(await decided(staff, id, credits, **reason)) == [("NOT_ELIGIBLE", "ID-9", field)]


async def test_the_open_request_of_a_student_who_is_erased_is_closed() -> None:
    student, staff, row = await world()
    id = await asked(student)
    await erasure.erase(row.id, reason=ErasureReason.STUDENT_ASKED, by=as_staff(Role.OPS), at=AT)
    (node,) = (await ask("{ creditRequests { nodes { id status } } }", staff))["creditRequests"]["nodes"]
    assert node == {"id": id, "status": "CLOSED"}
    assert faults(await decided(staff, id, 4)) == [("NOT_OPEN", "CR-6", "creditRequestId")]


async def test_the_schools_staff_hear_of_a_request_and_the_student_of_the_decision_once() -> None:
    student, staff, row = await world()
    await Account.filter(id=staff.account_id).update(email_verified_at=AT)
    address = (await Account.get(id=staff.account_id)).email
    await forget_mails_so_far()
    first = await asked(student)
    await decided(staff, first, 0, reason="BUDGET_SPENT")
    await decided(staff, await asked(student), 4)
    await write_mails(at=AT, domain="mail.test")
    told = sorted((mail.template, mail.address) for mail in await mails())
    assert told == sorted(
        [
            ("credits_requested", address), ("credits_requested", address),
            ("credits_declined", row.email), ("credits_granted", row.email),
        ]
    )  # fmt: skip
