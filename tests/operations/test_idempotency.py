"""One key, one effect: what is sent again with the same key is not done again, and answered as it is now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from models.appointments.appointments import Appointment
from models.availability.openings import Opening
from models.base.access import Role, Viewer
from models.base.errors import Code, Refusal, Refused
from models.base.idempotency import IdempotencyKey
from models.base.ids import encode, new_id
from models.credits.ledger import Grant
from models.records.retention import remove_old_of
from models.schools.schools import School
from settings import Settings
from tests.support.asking import COMPILED, answer, commit, context_of, do
from tests.support.databases import undone
from tests.support.world import AT, Pair, as_provider, as_staff, as_student, granted, pair_of, school_of, student_of

A_DAY = timedelta(hours=24)
KEY = "2f6f2e8c-the-tap-of-a-thumb"
APPOINTMENT = "appointment { id status confirmedAt startsAt provider { id } }"


@pytest_asyncio.fixture(loop_scope="session")
async def pair(database: Settings) -> AsyncIterator[Pair]:
    """A student and a provider in a transaction that leaves nothing behind."""
    async with undone():
        yield await pair_of()


async def ask_for(pair: Pair, opening: Opening, **more: Any) -> Any:
    """The student's request for an opening."""
    fields: dict[str, Any] = {
        "openingId": encode(Opening.PREFIX, opening.id),
        "state": "MA",
        "idempotencyKey": KEY,
    } | more
    return await do("requestAppointment", as_student(pair.student), APPOINTMENT, **fields)


async def grant(pair: Pair, staff: Viewer, *, credits: int = 3, **more: Any) -> Any:
    """A grant by the school's staff, with the key."""
    selection = "grant { id credits unused } warnings"
    fields: dict[str, Any] = {"studentId": pair.student.type_id, "credits": credits, "idempotencyKey": KEY}
    return await do("grantCredits", staff, selection, **fields, **more)


async def test_the_object_is_answered_again_as_it_is_now(pair: Pair) -> None:
    first = await ask_for(pair, pair.openings[0])
    assert first["appointment"]["status"] == "REQUESTED"
    id = first["appointment"]["id"]
    await do("confirmAppointment", as_provider(pair.provider), "appointment { id }", appointmentId=id)
    again = await ask_for(pair, pair.openings[0])
    assert again["userErrors"] == []
    assert (again["appointment"]["id"], again["appointment"]["status"]) == (id, "CONFIRMED")
    assert await Appointment.filter(student_id=pair.student.id).count() == 1


@pytest.mark.parametrize("key", ["", "  "])
async def test_an_empty_key_is_refused(pair: Pair, key: str) -> None:
    refused = await ask_for(pair, pair.openings[0], idempotencyKey=key)
    assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [
        ("INVALID", ["input", "idempotencyKey"])
    ]
    assert await Appointment.filter(student_id=pair.student.id).count() == 0


async def test_an_answer_of_several_parts_is_given_again(pair: Pair) -> None:
    staff = as_staff(Role.SCHOOL, school=pair.school)
    first = await grant(pair, staff, credits=20)
    assert first["grant"]["credits"] == 20
    assert len(first["warnings"]) == 1
    assert await grant(pair, staff, credits=20) == first
    assert await Grant.filter(student_id=pair.student.id).count() == 2  # this one, and that of the pair itself


async def test_the_key_with_another_input_is_a_conflict_that_changes_nothing(pair: Pair) -> None:
    await ask_for(pair, pair.openings[0])
    refused = await ask_for(pair, pair.openings[1])
    assert refused["appointment"] is None
    assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [
        ("CONFLICT", ["input", "idempotencyKey"])
    ]
    assert await Appointment.filter(student_id=pair.student.id).count() == 1


async def test_the_key_of_another_verb_is_a_conflict(pair: Pair) -> None:
    first = await ask_for(pair, pair.openings[0])
    refused = await do(
        "withdrawAppointment",
        as_student(pair.student),
        APPOINTMENT,
        appointmentId=first["appointment"]["id"],
        idempotencyKey=KEY,
    )
    assert [error["code"] for error in refused["userErrors"]] == ["CONFLICT"]


async def test_an_answer_is_not_given_again_under_another_membership_of_the_same_account(pair: Pair) -> None:
    account, elsewhere = new_id(), await school_of()
    here, there = (
        Viewer(account_id=account, role=Role.SCHOOL, membership_id=new_id(), school_id=school.id)
        for school in (pair.school, elsewhere)
    )
    first = await grant(pair, here)
    assert [error["code"] for error in (await grant(pair, there))["userErrors"]] == ["CONFLICT"]
    assert await grant(pair, here) == first
    assert await Grant.filter(student_id=pair.student.id).count() == 2  # this one, and that of the pair itself


async def test_a_refused_request_is_judged_anew(pair: Pair) -> None:
    poor = await student_of(pair.school)
    begging = Pair(school=pair.school, student=poor, provider=pair.provider, openings=pair.openings)
    refused = await ask_for(begging, pair.openings[0])
    assert [error["code"] for error in refused["userErrors"]] == ["NO_CREDITS"]
    await granted(poor, 2)
    accepted = await ask_for(begging, pair.openings[0])
    assert accepted["userErrors"] == []
    assert await ask_for(begging, pair.openings[0]) == accepted
    assert await Appointment.filter(student_id=poor.id).count() == 1


async def test_what_a_constraint_refused_is_judged_anew(pair: Pair) -> None:
    ops = as_staff(Role.OPS)
    fields: dict[str, Any] = {"name": pair.school.name, "timeZone": "America/New_York", "idempotencyKey": KEY}
    first = await do("openSchool", ops, "school { id }", **fields)
    assert [error["code"] for error in first["userErrors"]] == ["CONFLICT"]
    await School.filter(id=pair.school.id).update(name="Renamed")
    opened = await do("openSchool", ops, "school { id }", **fields)
    assert opened["userErrors"] == []
    assert await do("openSchool", ops, "school { id }", **fields) == opened


async def test_a_refusal_that_the_version_before_has_kept_is_judged_anew(pair: Pair) -> None:
    staff = as_staff(Role.SCHOOL, school=pair.school)
    await grant(pair, staff)
    await IdempotencyKey.filter(account_id=staff.account_id).update(answer={"refused": []})
    assert (await grant(pair, staff))["userErrors"] == []
    assert await Grant.filter(student_id=pair.student.id).count() == 3


async def test_what_the_version_before_has_kept_is_answered_as_it_is_now(pair: Pair) -> None:
    staff = as_staff(Role.SCHOOL, school=pair.school)
    first = await grant(pair, staff)
    kept = await IdempotencyKey.get(account_id=staff.account_id)
    assert kept.answer is not None
    kept.answer["dict"]["grant"]["columns"] |= {"credits": 77, "note": "as it was"}
    await IdempotencyKey.filter(id=kept.id).update(answer=kept.answer)
    assert await grant(pair, staff) == first


async def test_an_object_out_of_reach_is_null_and_what_is_no_row_is_kept(pair: Pair) -> None:
    staff = as_staff(Role.SCHOOL, school=pair.school)
    first = await grant(pair, staff, credits=20)
    elsewhere = Viewer(account_id=staff.account_id, role=Role.SCHOOL, school_id=new_id())
    assert await grant(pair, elsewhere, credits=20) == {"grant": None, "warnings": first["warnings"], "userErrors": []}


async def test_a_refusal_whose_changes_are_committed_keeps_no_answer(pair: Pair) -> None:
    context = context_of(as_student(pair.student))
    tries: list[int] = []

    async def verb(_: Any) -> Refused:
        tries.append(1)
        await granted(pair.student, 1)
        return Refused([Refusal(Code.NOT_OPEN, "planted")])

    for _ in range(2):
        with pytest.raises(Refused, match="planted"):
            await commit(context, verb, key=KEY)
    assert len(tries) == 2
    assert await Grant.filter(student_id=pair.student.id).count() == 3


async def test_a_key_is_kept_for_24_hours_to_the_second(pair: Pair) -> None:
    staff = as_staff(Role.SCHOOL, school=pair.school)
    first = await grant(pair, staff)
    assert await grant(pair, staff, at=AT + A_DAY - timedelta(seconds=1)) == first
    later = await grant(pair, staff, at=AT + A_DAY)
    assert later["grant"]["id"] != first["grant"]["id"]
    assert await grant(pair, staff, at=AT + A_DAY) == later


async def test_the_worker_forgets_old_keys_and_no_others(pair: Pair) -> None:
    staff = as_staff(Role.SCHOOL, school=pair.school)
    await grant(pair, staff)
    await remove_old_of(IdempotencyKey, at=AT + A_DAY)
    assert await IdempotencyKey.filter(account_id=staff.account_id).exists()
    await remove_old_of(IdempotencyKey, at=AT + A_DAY + timedelta(seconds=1))
    assert not await IdempotencyKey.filter(account_id=staff.account_id).exists()


async def test_a_key_belongs_to_its_account(pair: Pair) -> None:
    answers = [await grant(pair, as_staff(Role.SCHOOL, school=pair.school)) for _ in range(2)]
    assert answers[0]["grant"]["id"] != answers[1]["grant"]["id"]


async def test_the_order_of_the_fields_of_an_input_makes_no_difference(pair: Pair) -> None:
    staff = as_staff(Role.SCHOOL, school=pair.school)
    first = await grant(pair, staff)
    turned: dict[str, Any] = {"idempotencyKey": KEY, "credits": 3, "studentId": pair.student.type_id}
    assert await do("grantCredits", staff, "grant { id credits unused } warnings", **turned) == first


async def test_a_key_too_long_to_be_kept_is_refused_by_its_field(pair: Pair) -> None:
    refused = await grant_with(pair, "k" * 201)
    assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [
        ("INVALID", ["input", "idempotencyKey"])
    ]
    assert (await grant_with(pair, "k" * 200))["userErrors"] == []


async def grant_with(pair: Pair, key: str) -> Any:
    """A grant with this key."""
    staff = as_staff(Role.SCHOOL, school=pair.school)
    return await do(
        "grantCredits", staff, "grant { id }", studentId=pair.student.type_id, credits=3, idempotencyKey=key
    )


async def test_a_key_is_undone_with_what_failed(pair: Pair) -> None:
    context = context_of(as_student(pair.student))
    done: list[str] = []

    async def verb(_: Any, *, fails: bool) -> dict[str, Any]:
        await granted(pair.student, 1)
        if fails:
            raise RuntimeError("planted")
        done.append("once")
        return {"done": True}

    with pytest.raises(RuntimeError, match="planted"):
        await commit(context, verb, key=KEY, fails=True)
    assert not await IdempotencyKey.filter(account_id=context.viewer.account_id).exists()
    assert await Grant.filter(student_id=pair.student.id).count() == 1
    for _ in range(2):
        assert await commit(context, verb, key=KEY, fails=False) == {"done": True}
    assert done == ["once"]


async def test_a_refused_verb_keeps_neither_its_key_nor_anything_that_it_wrote(pair: Pair) -> None:
    school = await school_of()
    staff = as_staff(Role.SCHOOL, school=school)
    before = await Grant.all().count()
    for _ in range(2):
        refused = await grant(pair, staff)
        assert [error["code"] for error in refused["userErrors"]] == ["NOT_FOUND"]
    assert await Grant.all().count() == before
    assert not await IdempotencyKey.filter(account_id=staff.account_id).exists()


async def test_what_is_read_below_the_kept_object_is_read_anew_and_for_the_viewer(pair: Pair) -> None:
    text = (
        "mutation ($input: RequestAppointmentInput!) { requestAppointment(input: $input) {"
        " appointment { id claim { id } history(first: 9) { totalCount nodes { verb } } } userErrors { code } } }"
    )
    fields: dict[str, Any] = {
        "openingId": encode(Opening.PREFIX, pair.openings[0].id),
        "state": "MA",
        "idempotencyKey": KEY,
    }
    counts = []
    for _ in range(2):
        result = await answer(text, as_student(pair.student), plans=COMPILED, input=fields)
        assert result.errors is None
        assert result.data is not None
        appointment = result.data["requestAppointment"]["appointment"]
        counts.append(appointment["history"]["totalCount"])
        await do(
            "confirmAppointment", as_provider(pair.provider), "appointment { id }", appointmentId=appointment["id"]
        )
    assert counts == [1, 2]
