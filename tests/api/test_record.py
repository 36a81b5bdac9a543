"""A student's own record: everything that is held and may be shown, in two forms, and nothing of anybody else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from fhir.resources.R4B.bundle import Bundle

from models.accounts.accounts import Account, Membership
from models.accounts.agreements import Acceptance, Document
from models.accounts.sessions import open_session
from models.appointments.appointments import Appointment
from models.base.access import Role, Viewer
from models.base.ids import encode, new_id
from models.base.statements import fetch, transaction, write
from models.credits.ledger import BALANCES
from models.records import export
from models.records.export import FORMAT, LEFT_OUT
from models.schools.schools import School
from models.schools.students import Student
from tests.integrations.test_fhir import references
from tests.support.asking import COMPILED, CORE, answer, ask, codes_of, context_of, document_of
from tests.support.databases import own_database
from tests.support.two_sides import entities
from tests.support.world import (
    AT,
    Pair,
    as_provider,
    as_staff,
    as_student,
    attested,
    confirmed,
    granted,
    openings_of,
    pair_of,
    provider_of,
    requested,
    student_of,
)

DOCUMENT = "{ format mediaType content sha256 }"
MINE = f"{{ myRecord {{ madeAt json {DOCUMENT} fhir {DOCUMENT} }} }}"
OF = f"query ($id: ID!) {{ studentRecord(studentId: $id) {{ madeAt json {DOCUMENT} fhir {DOCUMENT} }} }}"
LATER = AT + timedelta(days=60)


@dataclass(kw_only=True)
class World:
    """A student to whom all kinds of things have happened, and another one of the same provider."""

    pair: Pair
    viewer: Viewer
    other: Student


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(postgres: str) -> AsyncIterator[World]:
    """Both in a database of this module's own."""
    async with own_database(postgres):
        yield await build()


async def build() -> World:
    """One session of each kind: completed, denied, requested, confirmed, declined; and a sign-in."""
    pair, elsewhere = await pair_of(credits=5), await provider_of()
    student = pair.student
    await granted(student, 4, expires_at=AT + timedelta(days=90))
    others = await openings_of(elsewhere)
    await attested(await confirmed(student, pair.openings[0]))
    late = await confirmed(student, others[1])
    await attested(late, at=late.attest_by)
    await requested(student, pair.openings[30])
    await confirmed(student, pair.openings[31])
    declined = await requested(student, others[50])
    async with transaction():
        locked = await Appointment.locked(declined.id)
        await locked.decline(by=as_provider(elsewhere), at=AT)
    other = await student_of(pair.school, credits=3)
    await attested(await confirmed(other, pair.openings[2]))
    await signed_up(other)
    return World(pair=pair, viewer=await signed_up(student), other=other)


async def signed_up(student: Student) -> Viewer:
    """The student with an account, what was accepted with it, and a session."""
    account = Account(email=f"account.of.{student.email}", name=student.name, created_at=AT)
    membership = Membership(
        account_id=account.id, role=Role.STUDENT, student_id=student.id, school_id=student.school_id, created_at=AT
    )
    accepted = Acceptance(account_id=account.id, document=Document.PRIVACY_POLICY, version="2026-11", accepted_at=AT)
    await write(account, membership, accepted)
    opened = await open_session(membership, device="Phone", at=AT)
    return membership.viewer(session_id=opened.session.id)


async def own(world: World, plans: Any = COMPILED) -> Any:
    """The student's own record, as the API answers it."""
    return (await ask(MINE, world.viewer, at=LATER, plans=plans))["myRecord"]


async def content(world: World) -> Any:
    """The record itself."""
    return json.loads((await own(world))["json"]["content"])


TABLES = {
    "grants": "grants WHERE student_id", "transfers": "transfers WHERE student_id",
    "appointments": "appointments WHERE student_id", "claims": "claims WHERE student_id",
    "events": "events WHERE student_id", "memberships": "memberships WHERE student_id",
}  # fmt: skip


@pytest.mark.parametrize("plans", [COMPILED, CORE], ids=["compiled", "core"])
async def test_a_record_says_what_it_is_and_hashes_its_own_text(world: World, plans: Any) -> None:
    found = await own(world, plans)
    assert found["madeAt"] in (LATER, LATER.isoformat().replace("+00:00", "Z"))
    assert (found["json"]["format"], found["json"]["mediaType"]) == (FORMAT, "application/json")
    assert found["fhir"]["mediaType"] == "application/fhir+json"
    for document in (found["json"], found["fhir"]):
        assert document["sha256"] == hashlib.sha256(document["content"].encode()).hexdigest()
    assert json.loads(found["json"]["content"])["format"] == FORMAT


async def test_it_holds_every_row_that_there_is(world: World) -> None:
    record, student = await content(world), world.pair.student
    for part, table in TABLES.items():
        rows = await fetch(f"SELECT count(*) AS n FROM {table} = $1", student.id)
        assert len(record[part]) == rows[0].n > 0, part
    assert record["student"] == {
        "id": student.type_id, "name": student.name, "email": student.email, "phone": None, "state": "MA",
        "timeZone": "America/New_York", "schoolId": world.pair.school.type_id, "createdAt": "2026-03-02T15:00:00Z",
        "erasedAt": None,
    }  # fmt: skip
    assert record["school"]["name"] == world.pair.school.name
    assert [row["name"] for row in record["providers"]] == sorted(row["name"] for row in record["providers"])
    assert len(record["providers"]) == 2
    assert (len(record["accounts"]), len(record["sessions"]), len(record["acceptances"])) == (1, 1, 1)
    assert record["sessions"][0]["device"] == "Phone"
    assert record["cutOff"] == []


async def test_the_wallet_is_what_the_ledger_makes_of_it(world: World) -> None:
    record = await content(world)
    derived = dict.fromkeys(BALANCES[1:], 0)
    for line in record["transfers"]:
        for bucket, sign in ((line["source"].lower(), -1), (line["target"].lower(), 1)):
            if bucket in derived:
                derived[bucket] += sign * line["credits"]
    assert record["wallet"] == {
        "id": encode("wal", world.pair.student.id), "granted": sum(derived.values()), **derived
    }  # fmt: skip
    assert record["wallet"]["granted"] == 9


async def test_a_claim_tells_its_reasons_in_words(world: World) -> None:
    claims = {claim["status"]: claim for claim in (await content(world))["claims"]}
    assert claims["ACCEPTED"]["reasons"] == []
    assert claims["DENIED"]["reasons"][0]["carc"] == "29"
    assert claims["DENIED"]["reasons"][0]["nextStep"].startswith("Tell the program's staff")


async def test_what_is_left_out_is_nowhere_in_it_and_it_says_where_to_ask(world: World) -> None:
    found = await own(world)
    text = found["json"]["content"] + found["fhir"]["content"]
    secrets = await fetch("SELECT encode(access_hash, 'hex') AS hash FROM sessions")
    hidden = ["ANXIETY", "presentingConcern", "amount", "12500", "125.00", "Hash", *(row.hash for row in secrets)]
    assert [word for word in hidden if word in text] == []
    told = json.loads(found["json"]["content"])["leftOut"]
    assert told == list(LEFT_OUT)
    assert all(entry["what"] and entry["why"] and entry["ask"] for entry in told)


async def test_nothing_of_another_student_is_in_it(world: World) -> None:
    found = await own(world)
    text = found["json"]["content"] + found["fhir"]["content"]
    other = world.other
    assert [word for word in (other.name, other.email, other.type_id) if word in text] == []


async def test_ops_make_the_same_document_for_the_students_hands_and_it_is_audited(world: World) -> None:
    ops = as_staff(Role.OPS)
    id = world.pair.student.type_id
    assert (await ask(OF, ops, at=LATER, id=id))["studentRecord"] == await own(world)
    context = context_of(ops, at=LATER)
    await COMPILED.execute(document_of(OF), variables={"id": id}, context=context)
    assert context.touched == {world.pair.student.id}


async def test_no_other_role_makes_one_and_a_student_only_their_own(world: World) -> None:
    id = world.other.type_id
    for role in set(Role) - {Role.OPS}:
        viewer = world.viewer if role is Role.STUDENT else Viewer(account_id=new_id(), role=role)
        assert codes_of(await answer(OF, viewer, id=id)) == ["FORBIDDEN"]
    for role in set(Role) - {Role.STUDENT}:
        assert codes_of(await answer(MINE, Viewer(account_id=new_id(), role=role))) == ["FORBIDDEN"]
    assert codes_of(await answer(MINE, None)) == ["UNAUTHENTICATED"]


async def test_there_is_no_record_of_nobody(world: World) -> None:
    assert await ask(OF, as_staff(Role.OPS), id=encode("stu", new_id())) == {"studentRecord": None}
    nobody = Student(school_id=world.pair.school.id, name="", email="", state="MA", time_zone="UTC", created_at=AT)
    assert await ask(MINE, as_student(nobody)) == {"myRecord": None}


async def test_the_bundle_of_a_real_record_is_valid_and_closed_in_itself(world: World) -> None:
    bundle = json.loads((await own(world))["fhir"]["content"])
    Bundle.model_validate(bundle)
    inside = {entry["fullUrl"] for entry in bundle["entry"]}
    assert {found["reference"] for found in references(bundle)} <= inside
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    counted = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    assert counted == {
        "Appointment": 5, "Claim": 2, "ClaimResponse": 2, "Coverage": 1, "Encounter": 2, "Organization": 1,
        "Patient": 1, "Practitioner": 2,
    }  # fmt: skip


async def test_a_record_that_is_too_long_is_cut_off_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "ROWS_MAX", 2)
    record = await content(world)
    assert len(record["events"]) == len(record["appointments"]) == 2
    assert set(record["cutOff"]) == {"transfers", "appointments", "events"}


async def test_a_student_to_whom_nothing_has_happened_has_a_record_too(world: World) -> None:
    school = await School.get(id=world.pair.school.id)
    viewer = await signed_up(await student_of(school))
    found = (await ask(MINE, viewer))["myRecord"]
    Bundle.model_validate_json(found["fhir"]["content"])
    assert json.loads(found["json"]["content"])["appointments"] == []


async def test_everything_that_belongs_to_a_students_record_is_in_it(world: World) -> None:
    belongs = {model for model in entities() if model.RECORD_OF is not None}
    assert belongs <= {part.model for part in export.parts()}, (
        "a new table of students' records has no part in the export"
    )
