"""Background jobs as people meet them: an export from its start to the file, its progress, its end, and who sees it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

import demo
import worker
from app import create_app
from models.base import clock
from models.base.ids import split
from models.jobs import progress
from models.jobs.jobs import Job, JobState
from models.jobs.kinds import KINDS
from models.jobs.progress import Progress
from models.records import audit
from settings import Settings
from tests.support.api import Api
from tests.support.databases import own_database
from tests.support.jobs import runner_on
from tests.support.uploads import get
from tests.transport.server import serving
from tests.transport.sockets import PROTOCOL, Client

JOB = "job { id kind title state done total attempts fault reason result { name } }"
ONE = f"query ($id: ID!) {{ {JOB.replace('job', 'job(id: $id)', 1)} }}"
RESULT = "query ($id: ID!) { job(id: $id) { state result { id name mediaType bytes download { address } } } }"
FOLLOWED = "subscription ($id: ID!) { jobProgress(jobId: $id) { job { state done total result { name } } } }"


@dataclass
class Served:
    """A server on loopback, a client of its HTTP side, and a worker that works when it is told to."""

    port: int
    api: Api
    settings: Settings

    @asynccontextmanager
    async def socket(self, role: str) -> AsyncIterator[Client]:
        """A WebSocket, signed in."""
        url = f"ws://127.0.0.1:{self.port}/graphql"
        async with connect(url, subprotocols=[PROTOCOL], proxy=None) as socket:  # type: ignore[list-item]
            client = Client(socket)
            await client.init(authorization=f"Bearer {await self.api.token(role)}")
            yield client

    async def work(self) -> None:
        """Do all jobs that wait."""
        at = await clock.demo_now()
        runner = runner_on(self.settings, at=at)
        while await runner.run_next(at):
            pass


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(postgres: str) -> AsyncIterator[Served]:
    """A program of this module's own."""
    worker.load_kinds()
    async with own_database(postgres) as settings:
        await demo.load()
        async with (
            serving(create_app(settings), lifespan="on") as port,
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
        ):
            yield Served(port, Api(http=http), settings)


async def exported(served: Served, role: str = "STUDENT", format: str = "JSON", **fields: Any) -> str:
    """The id of a new export."""
    answer = await served.api.do("exportRecord", role=role, selection=JOB, format=format, **fields)
    assert answer["userErrors"] == []
    assert (answer["job"]["state"], answer["job"]["kind"]) == ("WAITING", "record.export")
    return str(answer["job"]["id"])


async def demo_student(served: Served) -> str:
    """The id of the demo's student."""
    return str((await served.api.ask("{ viewer { student { id } } }", role="STUDENT"))["viewer"]["student"]["id"])


async def read(served: Served, role: str, id: str) -> httpx2.Response:
    """The file that a job made, fetched over HTTP."""
    found = (await served.api.ask(RESULT, role=role, id=id))["job"]
    return await get(served.api, found["result"]["download"]["address"])


async def test_a_student_exports_their_record_and_reads_the_file(served: Served) -> None:
    id = await exported(served)
    assert (await served.api.ask(RESULT, role="STUDENT", id=id))["job"] == {"state": "WAITING", "result": None}
    await served.work()
    job = (await served.api.ask(ONE, role="STUDENT", id=id))["job"]
    assert job["total"] > 10
    assert job == {
        "id": id, "kind": "record.export", "title": "Export of a student's record", "state": "DONE",
        "done": job["total"], "total": job["total"], "attempts": 1, "fault": None, "reason": None,
        "result": {"name": "record.json"},
    }  # fmt: skip
    answer = await read(served, "STUDENT", id)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    record = answer.json()
    assert (record["format"], record["student"]["id"]) == (
        "flexible-credits.student-record/1",
        await demo_student(served),
    )
    now = (await served.api.ask("{ myRecord { json { content } } }", role="STUDENT"))["myRecord"]["json"]["content"]
    same = ("student", "wallet", "grants", "appointments", "leftOut")
    assert {name: record[name] for name in same} == {name: json.loads(now)[name] for name in same}


async def test_ops_exports_a_record_for_its_student_and_the_reading_is_in_the_audit_trail(served: Served) -> None:
    student = await demo_student(served)
    id = await exported(served, "OPS", "FHIR", studentId=student)
    await served.work()
    answer = await read(served, "OPS", id)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json")
    assert answer.json()["resourceType"] == "Bundle"
    made = (await served.api.ask(RESULT, role="OPS", id=id))["job"]["result"]["id"]
    asked = "query ($id: ID!) { node(id: $id) { id } }"
    assert (await served.api.ask(asked, role="OPS", id=made))["node"] == {"id": made}
    assert (await served.api.ask(asked, role="STUDENT", id=made))["node"] is None, "it is for who asked for it"
    entries = await audit.AuditEntry.filter(request_id=id)
    assert [(entry.kind, entry.role, entry.operation, entry.student_ids) for entry in entries] == [
        ("READ", "OPS", "record.export", [split(student)[1]])
    ]


async def test_a_job_is_its_requesters_and_ops_sees_how_it_stands_but_not_what_it_made(served: Served) -> None:
    id = await exported(served)
    await served.work()
    for role in ("PROVIDER", "SCHOOL", "OFFICE", "FINANCE"):
        assert (await served.api.ask(RESULT, role=role, id=id))["job"] is None
    assert (await served.api.ask(RESULT, role="OPS", id=id))["job"] == {"state": "DONE", "result": None}
    ids = "{ jobs(first: 100) { nodes { id } } }"
    assert id in [node["id"] for node in (await served.api.ask(ids, role="STUDENT"))["jobs"]["nodes"]]
    assert (await served.api.ask(ids, role="PROVIDER"))["jobs"]["nodes"] == []
    own = "{ jobs(filter: {own: true}, first: 100) { nodes { membership { role } } } }"
    mine = (await served.api.ask(own, role="OPS"))["jobs"]["nodes"]
    assert {node["membership"]["role"] for node in mine} <= {"OPS"}
    narrowed = "query ($filter: JobFilter!) { jobs(filter: $filter, first: 100) { nodes { id } } }"

    async def found(**conditions: Any) -> bool:
        jobs = (await served.api.ask(narrowed, role="STUDENT", filter=conditions))["jobs"]["nodes"]
        return id in [node["id"] for node in jobs]

    assert await found(state=["DONE"], kind="record.export", own=True)
    assert not await found(state=["WAITING", "FAILED"])
    assert not await found(kind="record.import")


async def test_nobody_exports_the_record_of_another_student(served: Served) -> None:
    others = (await served.api.ask("{ students(first: 50) { nodes { id } } }", role="SCHOOL"))["students"]["nodes"]
    own = await demo_student(served)
    other = next(node["id"] for node in others if node["id"] != own)
    answer = await served.api.do("exportRecord", role="STUDENT", selection=JOB, format="JSON", studentId=other)
    assert [(error["code"], error["field"]) for error in answer["userErrors"]] == [
        ("NOT_FOUND", ["input", "studentId"])
    ]
    missing = await served.api.do("exportRecord", role="OPS", selection=JOB, format="JSON")
    assert [error["code"] for error in missing["userErrors"]] == ["NOT_FOUND"]


async def test_a_fourth_job_is_refused_until_one_is_cancelled(served: Served) -> None:
    ids = [await exported(served) for _ in range(3)]
    more = await served.api.do("exportRecord", role="STUDENT", selection=JOB, format="JSON")
    assert [(error["code"], error["rule"]) for error in more["userErrors"]] == [("CONFLICT", "PO-4")]
    assert "cancelJob" in more["userErrors"][0]["fix"]
    answer = await served.api.do("cancelJob", role="STUDENT", selection=JOB, jobId=ids[0])
    assert (answer["job"]["state"], answer["userErrors"]) == ("CANCELLED", [])
    again = await served.api.do("cancelJob", role="STUDENT", selection=JOB, jobId=ids[0])
    assert [(error["code"], error["field"]) for error in again["userErrors"]] == [("NOT_OPEN", ["input", "jobId"])]
    await exported(served)
    await served.work()


async def test_the_same_request_sent_again_starts_no_second_job(served: Served) -> None:
    first, again = [await exported(served, idempotencyKey="the same one") for _ in range(2)]
    assert first == again
    await served.work()


async def heard(client: Client) -> Any:
    """The next state that is told; None at the end."""
    message = await client.hear()
    if message["type"] == "complete":
        return None
    assert "errors" not in message["payload"], message
    return message["payload"]["data"]["jobProgress"]["job"]


async def test_progress_is_told_as_it_is_made_and_ends_with_the_job(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "WRITE_SECONDS", 0)
    go_on = asyncio.Event()
    real = Progress.step

    async def step(self: Progress, done: int, total: int | None = None) -> None:
        await real(self, done, total)
        if done == 3:
            await go_on.wait()

    monkeypatch.setattr(Progress, "step", step)
    id = await exported(served)
    async with served.socket("STUDENT") as client:
        await client.subscribe("p", FOLLOWED, variables={"id": id})
        assert await heard(client) == {"state": "WAITING", "done": 0, "total": None, "result": None}
        working = asyncio.create_task(served.work())
        told: list[Any] = []
        while not told or told[-1]["done"] < 3:
            told.append(await heard(client))
        assert {one["state"] for one in told} == {"RUNNING"}
        go_on.set()
        await working
        while (state := await heard(client)) is not None:
            told.append(state)
    assert told[-1] == {
        "state": "DONE", "done": told[-1]["total"], "total": told[-1]["total"], "result": {"name": "record.json"},
    }  # fmt: skip
    assert [one["done"] for one in told] == sorted(one["done"] for one in told)


async def test_who_follows_a_job_that_has_ended_or_is_somebody_elses_is_told_so_and_no_more(served: Served) -> None:
    id = await exported(served)
    await served.work()
    for role, seen in (("STUDENT", "DONE"), ("OPS", "DONE"), ("PROVIDER", None)):
        async with served.socket(role) as client:
            await client.subscribe("p", FOLLOWED, variables={"id": id})
            job = await heard(client)
            assert (job and job["state"]) == seen
            assert await heard(client) is None


async def test_a_running_job_that_is_cancelled_ends_at_its_next_step(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "WRITE_SECONDS", 0)
    real = Progress.step

    async def step(self: Progress, done: int, total: int | None = None) -> None:
        if done == 2:
            answer = await served.api.do("cancelJob", role="STUDENT", selection=JOB, jobId=id)
            assert (answer["job"]["state"], answer["userErrors"]) == ("RUNNING", [])
        await real(self, done, total)

    monkeypatch.setattr(Progress, "step", step)
    id = await exported(served)
    await served.work()
    job = (await served.api.ask(ONE, role="STUDENT", id=id))["job"]
    assert (job["state"], job["done"], job["result"]) == ("CANCELLED", 2, None)


async def test_a_student_who_is_erased_meanwhile_leaves_no_file(served: Served) -> None:
    entered = await served.api.do(
        "enterStudent", role="SCHOOL", selection="student { id }", name="Kim Short", email="kim@lakeview.test",
        state="MA", timeZone="America/New_York",
    )  # fmt: skip
    student = entered["student"]["id"]
    done = await exported(served, "OPS", studentId=student)
    await served.work()
    waiting = await exported(served, "OPS", studentId=student)
    address = (await served.api.ask(RESULT, role="OPS", id=done))["job"]["result"]["download"]["address"]
    erased = await served.api.do(
        "eraseStudent", role="OPS", selection="appointmentsEnded", studentId=student, reason="STUDENT_ASKED"
    )
    assert erased["userErrors"] == []
    assert (await get(served.api, address)).status_code == 404
    assert (await served.api.ask(RESULT, role="OPS", id=waiting))["job"]["state"] == "CANCELLED"


async def test_a_given_up_job_says_why_in_words(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(progress: Progress) -> None:
        raise RuntimeError

    id = await exported(served)
    kind = KINDS["record.export"]
    monkeypatch.setitem(KINDS, kind.name, type(kind)(name=kind.name, title=kind.title, roles=kind.roles, work=failing))
    await Job.filter(id=split(id)[1]).update(attempts=4)
    await served.work()
    job = (await served.api.ask(ONE, role="STUDENT", id=id))["job"]
    assert (job["state"], job["fault"], job["result"]) == (JobState.FAILED, "INTERNAL", None)
    assert job["reason"] == "Something unexpected went wrong each time. Tell support the id of this job."
