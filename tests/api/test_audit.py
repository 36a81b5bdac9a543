"""The audit trail (ID-6): no answer without its entry, and nothing changed in it without being found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

import worker
from database import credentials, url_of
from models.base.access import Role
from models.base.clock import real_now
from models.base.ids import decode, new_id
from models.base.statements import execute, fetch, fetch_one
from models.records import audit
from models.records.audit import AuditKind, AuditSeal, Entry
from operations.audit_trail import Auditor
from settings import Settings
from tests.support.api import Api, api_on
from tests.support.databases import statements_sent
from tests.support.processes import run_command

AT_ONCE = timedelta(0)
STUDENTS = "{ students(first: 5) { nodes { id name } } }"
GRANT = "mutation ($input: GrantCreditsInput!) { grantCredits(input: $input) { userErrors { code } } }"
TRAIL = """
query Trail($id: ID!) {
  auditTrail(filter: { studentId: $id }, first: 50) {
    nodes { kind role operation requestId students { id } account { email } }
  }
}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def api(committed: Settings) -> AsyncIterator[Api]:
    """A client of a fresh program with the demo data."""
    async with api_on(committed) as client:
        yield client


async def entries() -> list[Any]:
    """All entries, oldest first."""
    return await fetch("SELECT * FROM audit_entries ORDER BY number")


async def reads() -> list[Any]:
    """All entries of reading."""
    return [entry for entry in await entries() if entry.kind == "READ"]


async def test_a_read_of_records_by_somebody_else_is_one_entry(api: Api) -> None:
    answer = await api.send("query FindStudents " + STUDENTS, role="SCHOOL", variables={})
    ids = {decode("stu", node["id"]) for node in answer.json()["data"]["students"]["nodes"]}
    (entry,) = await reads()
    assert set(entry.student_ids) == ids
    assert len(ids) == 4
    assert (entry.role, entry.operation) == ("SCHOOL", "FindStudents")
    assert entry.request_id == answer.headers["x-request-id"]
    assert len(entry.source) == 16


async def test_a_read_without_a_name_is_told_by_its_fields(api: Api) -> None:
    await api.ask("query { ...all } fragment all on Query { students(first: 1) { nodes { id } } now }", role="SCHOOL")
    (entry,) = await reads()
    assert entry.operation == "students, now"
    assert len(entry.student_ids) == 1


@pytest.mark.parametrize(
    ("role", "query"),
    [
        ("STUDENT", "{ wallet { available } appointments(first: 5) { nodes { id } } viewer { student { name } } }"),
        ("SCHOOL", "{ viewer { school { name } } }"),
        ("OPS", "{ ledgerProof { agrees } }"),
    ],
)
async def test_what_is_nobody_elses_record_is_no_entry(api: Api, role: str, query: str) -> None:
    await api.ask(query, role=role)
    assert await reads() == []


async def test_a_change_is_an_entry_whoever_makes_it(api: Api) -> None:
    (student, *_) = (await api.ask(STUDENTS, role="SCHOOL"))["students"]["nodes"]
    await api.do("grantCredits", role="SCHOOL", selection="grant { id }", studentId=student["id"], credits=3)
    changes = [entry for entry in await entries() if entry.operation == "grantCredits"]
    assert [(entry.kind, entry.role, entry.student_ids) for entry in changes] == [
        ("CHANGE", "SCHOOL", [decode("stu", student["id"])])
    ]


async def test_a_student_who_changes_their_own_record_is_in_the_trail(api: Api) -> None:
    await api.do("withdrawAppointment", role="STUDENT", selection="appointment { id }", appointmentId=f"apt_{'0' * 26}")
    (entry,) = [entry for entry in await entries() if entry.operation == "withdrawAppointment"]
    student = (await fetch_one("SELECT student_id FROM memberships WHERE role = 'STUDENT'")).student_id
    assert (entry.kind, entry.role, entry.student_ids) == ("CHANGE", "STUDENT", [student])


async def test_no_answer_leaves_without_its_entry(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.token("SCHOOL")

    async def failing(batch: Any) -> None:
        raise asyncpg.DiskFullError

    monkeypatch.setattr("operations.audit_trail.write_entries", failing)
    answer = await api.send(STUDENTS, role="SCHOOL")
    assert answer.status_code == 500
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "data" not in answer.json()


async def grant(api: Api, **more: Any) -> Any:
    """The answer to a grant of three credits to the first student."""
    (student, *_) = (await api.ask(STUDENTS, role="SCHOOL"))["students"]["nodes"]
    sent = {"studentId": student["id"], "credits": 3, **more}
    return await api.send(GRANT, role="SCHOOL", variables={"input": sent})


@pytest.mark.parametrize("key", [{}, {"idempotencyKey": "once"}], ids=["along", "at the end"])
async def test_a_change_and_its_entry_are_both_there_or_neither(api: Api, key: dict[str, str]) -> None:
    await api.token("SCHOOL")
    count = "SELECT count(*) AS n FROM grants"
    before = (await fetch_one(count)).n
    await execute("ALTER TABLE audit_entries ADD CONSTRAINT no_changes CHECK (kind <> 'CHANGE') NOT VALID")
    try:
        answer = await grant(api, **key)
    finally:
        await execute("ALTER TABLE audit_entries DROP CONSTRAINT no_changes")
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["INTERNAL"]
    assert (await fetch_one(count)).n == before
    assert (await grant(api, **key)).json()["data"]["grantCredits"]["userErrors"] == []
    assert (await fetch_one(count)).n == before + 1
    assert len([entry for entry in await entries() if entry.operation == "grantCredits"]) == 1


async def test_the_entry_of_a_change_travels_with_its_rows(api: Api) -> None:
    await grant(api)
    async with statements_sent() as sent:
        await grant(api)
    (writing,) = [statement for statement in sent if 'INSERT INTO "audit_entries"' in statement]
    assert 'INSERT INTO "transfers"' in writing


async def test_who_is_entered_is_named_by_the_one_entry_of_that(api: Api) -> None:
    sent = {"name": "Noor", "email": "noor@students.test", "state": "MA", "timeZone": "America/New_York"}
    entered = await api.do("enterStudent", role="SCHOOL", selection="student { id }", **sent)
    (change,) = [entry for entry in await entries() if entry.operation == "enterStudent"]
    assert change.student_ids == [decode("stu", entered["student"]["id"])]


async def test_two_changes_of_one_request_name_both_students(api: Api) -> None:
    (first, second, *_) = (await api.ask(STUDENTS, role="SCHOOL"))["students"]["nodes"]
    text = GRANT.replace("grantCredits(input: $input)", "first: grantCredits(input: $input)").replace(
        "{ first:", "{ second: grantCredits(input: $other) { userErrors { code } } first:"
    )
    text = text.replace("($input: GrantCreditsInput!)", "($input: GrantCreditsInput!, $other: GrantCreditsInput!)")
    variables = {
        "input": {"studentId": first["id"], "credits": 3},
        "other": {"studentId": second["id"], "credits": 3},
    }
    answer = (await api.send(text, role="SCHOOL", variables=variables)).json()
    assert "errors" not in answer
    changes = [entry for entry in await entries() if entry.operation == "grantCredits"]
    assert [decode("stu", student["id"]) in changes[-1].student_ids for student in (first, second)] == [True, True]


async def test_operations_tell_who_read_a_record_and_asking_is_written_too(api: Api) -> None:
    (student, *_) = (await api.ask("query Look " + STUDENTS, role="SCHOOL"))["students"]["nodes"]
    seen = (await api.ask(TRAIL, role="OPS", id=student["id"]))["auditTrail"]["nodes"]
    assert [(entry["kind"], entry["operation"], entry["account"]["email"]) for entry in seen] == [
        ("READ", "Look", "school@demo.test")
    ]
    assert student["id"] in [one["id"] for one in seen[0]["students"]]
    again = (await api.ask(TRAIL, role="OPS", id=student["id"]))["auditTrail"]["nodes"]
    assert [(entry["role"], entry["operation"]) for entry in again] == [("OPS", "Trail"), ("SCHOOL", "Look")]


async def test_the_trail_is_asked_of_a_student_or_a_file(api: Api) -> None:
    (error,) = await api.fail("{ auditTrail(filter: {}) { totalCount } }", role="OPS")
    assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_INPUT", "filter")
    (student, *_) = (await api.ask("query Look " + STUDENTS, role="SCHOOL"))["students"]["nodes"]
    asked = (
        "query ($student: ID!, $file: ID!) { auditTrail(filter: {studentId: $student, fileId: $file}) { totalCount } }"
    )
    both = await api.ask(asked, role="OPS", student=student["id"], file=f"fil_{'0' * 26}")
    assert both["auditTrail"]["totalCount"] == 0


@pytest.mark.parametrize("role", ["STUDENT", "PROVIDER", "SCHOOL", "FINANCE"])
async def test_the_trail_is_for_operations_alone(api: Api, role: str) -> None:
    (error,) = await api.fail(TRAIL, role=role, id=f"stu_{'0' * 26}")
    assert error["extensions"]["code"] == "FORBIDDEN"


def entry(kind: AuditKind = AuditKind.READ) -> Entry:
    """An entry about somebody."""
    return Entry(
        at=real_now(),
        kind=kind,
        request_id="a-request",
        account_id=new_id(),
        membership_id=None,
        role=Role.OPS,
        operation="Look",
        student_ids=[new_id(), new_id()],
        source=bytes(16),
    )


async def test_what_is_ready_at_once_is_written_at_once(committed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []

    async def counted(batch: Any) -> None:
        batches.append(len(batch))
        await audit.write_entries(batch)

    monkeypatch.setattr("operations.audit_trail.write_entries", counted)
    auditor = Auditor()
    await asyncio.gather(*(auditor.write(entry()) for _ in range(100)))
    assert batches == [100]
    assert len(await entries()) == 100


async def test_a_request_that_was_given_up_takes_no_other_with_it(committed: Settings) -> None:
    auditor = Auditor()
    given_up = asyncio.ensure_future(auditor.write(entry()))
    other = asyncio.ensure_future(auditor.write(entry()))
    await asyncio.sleep(0)
    given_up.cancel()
    await other
    assert given_up.cancelled()
    assert len(await entries()) == 2


async def sealed_trail(count: int = 30, *, at_a_time: int = 10) -> list[AuditSeal]:
    """A trail of entries under several seals."""
    seals: list[AuditSeal] = []
    for _ in range(count // at_a_time):
        await audit.write_entries([entry() for _ in range(at_a_time)])
        seals += await audit.seal(settled_after=AT_ONCE)
    return seals


async def test_a_trail_that_nobody_touched_is_proven(committed: Settings) -> None:
    seals = await sealed_trail()
    await audit.write_entries([entry()])
    proof = await audit.prove()
    assert (proof.agrees, proof.seals, proof.entries, proof.unsealed) == (True, 3, 30, 1)
    assert proof.head == seals[-1].digest
    latest = await audit.prove(latest=2)
    assert (latest.agrees, latest.seals, latest.entries, latest.head) == (True, 2, 20, seals[-1].digest)


async def test_an_entry_is_sealed_once_no_other_can_come_before_it(committed: Settings) -> None:
    await audit.write_entries([entry()])
    assert await audit.seal() == []
    await worker.seal_audit_trail(real_now())
    assert (await audit.prove()).unsealed == 1
    assert len(await audit.seal(settled_after=AT_ONCE)) == 1


async def test_workers_that_seal_at_once_make_one_chain(committed: Settings) -> None:
    for _ in range(5):
        await audit.write_entries([entry() for _ in range(5)])
        await asyncio.gather(*(audit.seal(settled_after=AT_ONCE) for _ in range(4)))
    await audit.seal(settled_after=AT_ONCE)
    proof = await audit.prove()
    assert (proof.agrees, proof.entries, proof.unsealed) == (True, 25, 0)


FORGED = (
    "INSERT INTO audit_entries OVERRIDING SYSTEM VALUE SELECT gen_random_uuid(), {number}, written_at, at, kind,"
    " request_id, account_id, membership_id, role, operation, student_ids, source FROM audit_entries WHERE number = 15"
)


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_entries SET account_id = gen_random_uuid() WHERE number = 15",
        "UPDATE audit_entries SET student_ids = student_ids[1:1] WHERE number = 15",
        "UPDATE audit_entries SET at = at + interval '1 microsecond' WHERE number = 1",
        "UPDATE audit_entries SET source = '\\x00' WHERE number = 30",
        "DELETE FROM audit_entries WHERE number = 15",
        "DELETE FROM audit_entries WHERE number <= 10",
        "DELETE FROM audit_entries",
        FORGED.format(number=130) + "; DELETE FROM audit_entries WHERE number = 15",
        FORGED.format(number=-7),
        FORGED.format(number=0),
        "DELETE FROM audit_entries WHERE number = 14; " + FORGED.format(number=14),
        "UPDATE audit_seals SET digest = sha256('other') WHERE id = 2",
        "UPDATE audit_seals SET entries = 9 WHERE id = 2",
        "DELETE FROM audit_seals WHERE id = 2",
        "DELETE FROM audit_seals WHERE id = 1",
        "DELETE FROM audit_entries WHERE number BETWEEN 11 AND 20; DELETE FROM audit_seals WHERE id = 2",
    ],
)
async def test_tampering_with_what_is_sealed_is_found(committed: Settings, tampering: str) -> None:
    await sealed_trail()
    superuser = await asyncpg.connect(**credentials(url_of(committed)))
    try:
        await superuser.execute("SET session_replication_role = replica")  # no trigger stands in the way
        await superuser.execute(tampering)
    finally:
        await superuser.close()
    proof = await audit.prove()
    assert not proof.agrees
    assert 1 <= len(proof.faults) <= 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET operation = ''",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "UPDATE audit_seals SET entries = 1",
        "DELETE FROM audit_seals",
        "TRUNCATE audit_seals",
        FORGED.replace(" OVERRIDING SYSTEM VALUE", "").format(number=99),
        "INSERT INTO audit_seals SELECT 9, from_number + 900, to_number + 900, 1, previous, sha256('x'), now()"
        " FROM audit_seals WHERE id = 2",
    ],
)
async def test_the_database_itself_refuses_to_touch_the_trail(committed: Settings, statement: str) -> None:
    await sealed_trail(20)
    with pytest.raises(asyncpg.PostgresError):
        await fetch(statement)
    assert (await audit.prove()).agrees


async def test_a_chain_that_was_made_anew_is_found_by_a_hash_that_was_noted(committed: Settings) -> None:
    noted = (await sealed_trail())[1].digest.hex()
    assert (await audit.prove(noted=noted)).agrees
    superuser = await asyncpg.connect(**credentials(url_of(committed)))
    try:
        await superuser.execute("SET session_replication_role = replica")
        await superuser.execute("DELETE FROM audit_entries WHERE number = 15; DELETE FROM audit_seals")
    finally:
        await superuser.close()
    await audit.seal(settled_after=AT_ONCE)
    assert (await audit.prove()).agrees
    assert (await audit.prove(noted=noted)).faults == ["No seal has the hash that was noted."]


async def test_the_proof_is_told_to_operations_and_finance(api: Api) -> None:
    await sealed_trail()
    query = "{ auditProof { agrees seals entries unsealed digest faults } }"
    for role in ("OPS", "FINANCE"):
        proof = (await api.ask(query, role=role))["auditProof"]
        assert (proof["agrees"], proof["faults"], len(proof["digest"])) == (True, [], 64)
        assert proof["entries"] >= 30
    (error,) = await api.fail(query, role="SCHOOL")
    assert error["extensions"]["code"] == "FORBIDDEN"


def test_the_command_proves_the_whole_trail(committed: Settings, tmp_path: Path) -> None:
    done = run_command("audit", "proof", data_dir=tmp_path, FC_ENV="test", FC_DATABASE_URL=url_of(committed))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("0 seals over 0 entries")
    wrong = run_command(
        "audit", "proof", "--noted", "ab" * 32, data_dir=tmp_path, FC_ENV="test", FC_DATABASE_URL=url_of(committed)
    )
    assert (wrong.returncode, wrong.stderr.strip()) == (1, "No seal has the hash that was noted.")
