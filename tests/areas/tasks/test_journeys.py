"""What waits for people, as they come across it through the API: it appears, is done, and is gone (NO-5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from execution import Plans
from models.base.access import Role, Viewer
from models.base.ids import encode, split
from tests.support.asking import COMPILED, CORE, ask, context_of, do, document_of
from tests.support.two_sides import viewer_of
from tests.support.world import AT, Pair, as_provider, as_staff, as_student, pair_of

pytestmark = pytest.mark.usefixtures("rolled_back")

FIELDS = "id kind title since dueAt overdue subject { id } mutations page takenBy takenByYou takenUntil"
QUEUES = (
    "{ opsQueues { kind title length since oldestSeconds targetHours beyondTarget overdue taken } }"
)  # fmt: skip


async def tasks_of(viewer: Viewer, *, at: datetime = AT, **filter: Any) -> list[Any]:
    """What waits for somebody, soonest due first."""
    text = f"query ($filter: TaskFilter) {{ tasks(first: 100, filter: $filter) {{ nodes {{ {FIELDS} }} totalCount }} }}"
    found = (await ask(text, viewer, at=at, filter=filter))["tasks"]
    assert found["totalCount"] == len(found["nodes"])
    nodes: list[Any] = found["nodes"]
    return nodes


async def queue(kind: str, viewer: Viewer, *, at: datetime = AT) -> Any:
    """The numbers of one queue."""
    return next(one for one in (await ask(QUEUES, viewer, at=at))["opsQueues"] if one["kind"] == kind)


async def request_of(pair: Pair) -> str:
    """The id of an appointment that the student has requested."""
    opening = encode("opn", pair.openings[0].id)
    sent: dict[str, Any] = {"openingId": opening, "state": "MA", "acceptsMissedAppointmentPolicy": True}
    payload = await do("requestAppointment", as_student(pair.student), "appointment { id confirmBy }", **sent)
    assert payload["userErrors"] == []
    return str(payload["appointment"]["id"])


async def enter_license(pair: Pair, *, number: str = "NY-1", at: datetime = AT) -> str:
    """The id of a license that the provider has entered."""
    sent = {
        "providerId": pair.provider.type_id,
        "licenseClass": "CLINICAL_SOCIAL_WORKER",
        "title": "LCSW",
        "number": number,
        "state": "NY",
        "expiresOn": "2030-01-01",
    }
    payload = await do("enterLicense", as_provider(pair.provider), "license { id }", at=at, **sent)
    assert payload["userErrors"] == []
    return str(payload["license"]["id"])


async def test_a_request_waits_for_its_provider_until_it_is_confirmed() -> None:
    pair, stranger = await pair_of(), await pair_of()
    provider = as_provider(pair.provider)
    assert await tasks_of(provider) == []
    appointment = await request_of(pair)
    (task,) = await tasks_of(provider)
    assert (task["kind"], task["title"]) == ("ANSWER_REQUEST", "Answer a request")
    assert task["subject"] == {"id": appointment}
    assert task["dueAt"] == pair.openings[0].starts_at, "the session starts before the 72 hours are over"
    assert task["mutations"] == ["confirmAppointment", "declineAppointment"]
    assert (task["overdue"], task["page"], task["takenBy"]) == (False, None, None)
    assert await tasks_of(as_student(pair.student)) == await tasks_of(as_provider(stranger.provider)) == []
    await do("confirmAppointment", provider, "appointment { id }", appointmentId=appointment)
    assert await tasks_of(provider) == []


@pytest.mark.parametrize("plans", [COMPILED, CORE], ids=["compiled", "core"])
async def test_whose_requests_wait_is_noted_for_the_audit_trail(plans: Plans) -> None:
    pair, others = await pair_of(), await pair_of()
    for each in (pair, others):
        await request_of(each)
    context = context_of(as_provider(pair.provider))
    asked = document_of("{ tasks { nodes { id kind title since dueAt overdue mutations page } totalCount } }")
    answer = await plans.execute(asked, context=context)
    assert answer.data is not None
    assert answer.data["tasks"]["totalCount"] == 1
    assert context.touched == {pair.student.id}


async def test_a_request_waits_for_the_office_of_its_practice_too() -> None:
    pair, ops = await pair_of(), as_staff(Role.OPS)
    practice = await do("openPractice", ops, "practice { id }", name="Harbor")
    sent: dict[str, Any] = {"providerId": pair.provider.type_id, "practiceId": practice["practice"]["id"]}
    await do("setPractice", ops, "__typename", **sent)
    appointment = await request_of(pair)
    office = await viewer_of(Role.OFFICE, practice_id=split(practice["practice"]["id"])[1])
    (task,) = await tasks_of(office)
    assert (task["kind"], task["subject"]["id"]) == ("ANSWER_REQUEST", appointment)
    await do("declineAppointment", office, "__typename", appointmentId=appointment)
    assert await tasks_of(office) == await tasks_of(as_provider(pair.provider)) == []


async def test_a_request_that_can_no_longer_be_answered_is_no_task() -> None:
    pair = await pair_of()
    await request_of(pair)
    provider, due = as_provider(pair.provider), pair.openings[0].starts_at
    assert len(await tasks_of(provider, at=due - timedelta(seconds=1))) == 1
    assert await tasks_of(provider, at=due) == []


async def test_a_session_waits_for_its_attestation_and_shows_when_it_is_overdue() -> None:
    pair = await pair_of()
    provider = as_provider(pair.provider)
    appointment = await request_of(pair)
    await do("confirmAppointment", provider, "appointment { id }", appointmentId=appointment)
    ends_at = pair.openings[0].starts_at + timedelta(hours=1)
    assert await tasks_of(provider, at=ends_at - timedelta(seconds=1)) == []
    (task,) = await tasks_of(provider, at=ends_at)
    assert (task["kind"], task["subject"]["id"], task["overdue"]) == ("ATTEST_SESSION", appointment, False)
    late: datetime = task["dueAt"]
    assert (await tasks_of(provider, at=late))[0] == {**task, "overdue": True}
    assert await tasks_of(provider, at=late, overdue=False) == []
    sent = {"appointmentId": appointment, "presentingConcern": "ANXIETY"}
    await do("attestSession", provider, "claim { id }", at=ends_at, **sent)
    assert await tasks_of(provider, at=ends_at) == []


async def test_a_license_is_verified_by_whoever_took_it() -> None:
    pair, dana, eli = await pair_of(), await viewer_of(Role.OPS), await viewer_of(Role.OPS)
    license = await enter_license(pair)
    (task,) = await tasks_of(dana)
    assert (task["kind"], task["subject"]["id"]) == ("VERIFY_LICENSE", license)
    assert task["dueAt"] == (AT + timedelta(hours=48))
    taken = await do("takeTask", dana, f"task {{ {FIELDS} }}", taskId=task["id"])
    assert taken["userErrors"] == []
    assert (taken["task"]["takenBy"], taken["task"]["takenByYou"]) == ("Ops", True)
    assert taken["task"]["takenUntil"] == (AT + timedelta(minutes=30))
    (seen,) = await tasks_of(eli, taken=True)
    assert (seen["id"], seen["takenBy"], seen["takenByYou"]) == (task["id"], "Ops", False)
    assert await tasks_of(eli, taken=False) == []
    for verb, sent in (("takeTask", {"taskId": task["id"]}), ("verifyLicense", {"licenseId": license})):
        refused = await do(verb, eli, "__typename", **sent)
        (error,) = refused["userErrors"]
        assert (error["code"], error["rule"], error["field"]) == ("CONFLICT", "NO-5", ["input", *sent])
        assert error["message"] == "Ops has taken this task until 15:30 UTC."
    verified = await do("verifyLicense", dana, "license { verifiedAt }", licenseId=license)
    assert verified["userErrors"] == []
    assert await tasks_of(dana) == []
    for verb in ("takeTask", "releaseTask"):
        again = await do(verb, eli, "__typename", taskId=task["id"])
        assert [error["code"] for error in again["userErrors"]] == ["NOT_OPEN"]


async def test_a_license_that_nobody_took_is_verified_without_taking_it() -> None:
    pair, dana = await pair_of(), await viewer_of(Role.OPS)
    verified = await do("verifyLicense", dana, "license { id }", licenseId=await enter_license(pair))
    assert verified["userErrors"] == []


async def test_a_task_is_renewed_given_back_and_ends_by_itself() -> None:
    pair, dana, eli = await pair_of(), await viewer_of(Role.OPS), await viewer_of(Role.OPS)
    await enter_license(pair)
    (task,) = await tasks_of(dana)

    async def take(viewer: Viewer, minutes: int) -> list[str]:
        at = AT + timedelta(minutes=minutes)
        answer = await do("takeTask", viewer, "task { takenUntil }", at=at, taskId=task["id"])
        return [error["code"] for error in answer["userErrors"]]

    assert await take(dana, 0) == []
    assert await take(dana, 20) == []
    assert await take(eli, 49) == ["CONFLICT"]
    assert await take(eli, 50) == []
    assert await take(dana, 51) == ["CONFLICT"]
    untouched = await do("releaseTask", dana, "task { takenBy }", at=AT + timedelta(minutes=52), taskId=task["id"])
    assert untouched["task"]["takenBy"] == "Ops", "what another has stays theirs"
    given_back = await do("releaseTask", eli, "task { takenBy }", at=AT + timedelta(minutes=53), taskId=task["id"])
    assert given_back == {"task": {"takenBy": None}, "userErrors": []}
    assert await take(dana, 54) == []


async def test_queues_tell_their_length_their_age_and_how_they_keep_to_their_target() -> None:
    pair, dana, money = await pair_of(), await viewer_of(Role.OPS), await viewer_of(Role.FINANCE)
    before = await queue("VERIFY_LICENSE", dana)
    assert (before["length"], before["since"], before["oldestSeconds"]) == (0, None, 0)
    assert (before["title"], before["targetHours"]) == ("Verify a license", 24)
    await enter_license(pair)
    await enter_license(pair, number="NY-2", at=AT + timedelta(hours=30))
    later = AT + timedelta(hours=49)
    _, second = await tasks_of(dana, at=later)
    await do("takeTask", dana, "__typename", at=later, taskId=second["id"])
    found = await queue("VERIFY_LICENSE", money, at=later)
    assert found["length"] == 2
    assert found["since"] == AT
    assert found["oldestSeconds"] == 49 * 3600
    assert (found["beyondTarget"], found["overdue"], found["taken"]) == (1, 1, 1)
    assert await tasks_of(money, at=later) == [], "a queue of OPS is no task of FINANCE"


@pytest.mark.parametrize(
    "id", ["", "lic_01h00000000000000000000000", "tsk_verify_license", encode("tsk_no_such", UUID(int=7))]
)
async def test_what_is_no_task_is_a_fault_of_form(id: str) -> None:
    for verb in ("takeTask", "releaseTask"):
        answer = await do(verb, await viewer_of(Role.OPS), "__typename", taskId=id)
        assert [(e["code"], e["field"]) for e in answer["userErrors"]] == [("INVALID", ["input", "taskId"])]


async def test_what_is_not_in_ones_queue_is_not_there() -> None:
    pair = await pair_of()
    await request_of(pair)
    await enter_license(pair)
    (request,) = await tasks_of(as_provider(pair.provider))
    (license,) = await tasks_of(await viewer_of(Role.OPS))
    cases = [
        (Role.OPS, request["id"]),  # waits for its provider alone
        (Role.FINANCE, license["id"]),  # waits for OPS
        (Role.OPS, encode("tsk_verify_license", pair.student.id)),
    ]
    for role, id in cases:
        for verb in ("takeTask", "releaseTask"):
            answer = await do(verb, await viewer_of(role), "__typename", taskId=id)
            assert [error["code"] for error in answer["userErrors"]] == ["NOT_FOUND"], (role, id)


async def test_the_list_is_walked_both_ways_and_neither_skips_nor_repeats() -> None:
    pair = await pair_of()
    ops = as_staff(Role.OPS)
    for number in range(5):
        await enter_license(pair, number=f"NY-{number}", at=AT + timedelta(hours=number // 2))
    whole = [task["id"] for task in await tasks_of(ops)]
    assert len(whole) == 5

    async def walked(way: str, on: str) -> list[str]:
        found: list[str] = []
        place = ""
        while True:
            text = f"{{ tasks({way}: 2{place}) {{ edges {{ cursor node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage }} }} }}"  # noqa: E501
            page = (await ask(text, ops))["tasks"]
            ids = [edge["node"]["id"] for edge in page["edges"]]
            found = [*found, *ids] if way == "first" else [*ids, *found]
            if not page["pageInfo"]["hasNextPage" if way == "first" else "hasPreviousPage"]:
                return found
            place = f', {on}: "{page["edges"][-1 if way == "first" else 0]["cursor"]}"'

    assert await walked("first", "after") == whole
    assert await walked("last", "before") == whole


async def test_a_cursor_goes_on_in_its_own_list_alone() -> None:
    pair, ops = await pair_of(), as_staff(Role.OPS)
    await enter_license(pair)
    page = await ask("{ tasks { pageInfo { endCursor } } }", ops)
    cursor = page["tasks"]["pageInfo"]["endCursor"]
    assert (await ask(f'{{ tasks(after: "{cursor}") {{ nodes {{ id }} }} }}', ops))["tasks"] == {"nodes": []}
    with pytest.raises(AssertionError, match="no cursor of this list"):
        await ask(f'{{ tasks(after: "{cursor}", filter: {{overdue: true}}) {{ nodes {{ id }} }} }}', ops)
