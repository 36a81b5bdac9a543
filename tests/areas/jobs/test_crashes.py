"""Workers that are killed at each point of a job: it is done all the same, once, with one result."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator

import pytest_asyncio

import worker
from database import url_of
from models.accounts.accounts import Account, Membership
from models.base import clock
from models.base.access import Role, Viewer
from models.base.statements import execute, fetch, write
from models.files import files, uploads
from models.files.files import File, FileState
from models.jobs.jobs import Job, JobState
from resolvers.records.jobs import EXPORT
from settings import Settings
from tests.support.databases import own_database
from tests.support.job_worker import POINTS
from tests.support.jobs import runner_on, started
from tests.support.postgres import DATA_OF_RUN
from tests.support.processes import ROOT
from tests.support.world import AT, school_of, student_of


@pytest_asyncio.fixture(loop_scope="session")
async def settings(postgres: str) -> AsyncIterator[Settings]:
    """A database of this test's own."""
    async with own_database(postgres) as own:
        yield own


async def student() -> Viewer:
    """A student with an account."""
    row = await student_of(await school_of())
    account = Account(email=f"account.of.{row.email}", name=row.name, created_at=AT)
    membership = Membership(
        account_id=account.id, role=Role.STUDENT, student_id=row.id, school_id=row.school_id, created_at=AT
    )
    await write(account, membership)
    return membership.viewer()


async def killed(settings: Settings) -> list[int]:
    """Workers that die, one at each point; how they ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.job_worker", url_of(settings), str(DATA_OF_RUN)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said, _ = await process.communicate()
    return [int(word) for word in said.splitlines()[-1].split()]


async def test_jobs_whose_worker_was_killed_at_any_point_are_done_once(settings: Settings) -> None:
    at = clock.real_now()
    for _ in POINTS:
        by = await student()
        await started(EXPORT, by=by, at=AT, student_id=str(by.student_id), format="JSON")
    assert await killed(settings) == [-9] * len(POINTS)
    assert Counter(job.state for job in await Job.all()) == {JobState.RUNNING: 4, JobState.DONE: 1}
    runner = runner_on(settings, at=at)
    assert not await runner.run_next(at), "their leases have not ended"
    await execute("UPDATE jobs SET lease_until = clock_timestamp() WHERE state = 'RUNNING'")
    while await runner.run_next(at):
        pass
    done = await Job.all()
    assert {job.state for job in done} == {JobState.DONE}
    assert sorted(job.attempts for job in done) == [1, 2, 2, 2, 2]
    kept = await File.all()
    assert {file.id for file in kept} == {job.result_file_id for job in done}
    assert all([(await files.content_of(file)).startswith(b'{"format"') for file in kept])
    swept = await fetch("SELECT count(*) AS n FROM file_blobs WHERE sweep_at IS NOT NULL")
    assert swept[0].n == 2, "what was stored for nobody is known"


async def test_a_result_is_removed_when_its_time_is_over(settings: Settings) -> None:
    by = await student()
    job = await started(EXPORT, by=by, student_id=str(by.student_id), format="FHIR")
    worker.load_kinds()
    assert await runner_on(settings).run_next(AT)
    file = await File.get(id=(await Job.get(id=job.id)).result_file_id)
    assert (file.media_type, file.expires_at) == ("application/fhir+json", AT + EXPORT.result_lasts)
    await uploads.expire(at=AT + EXPORT.result_lasts)
    assert (await File.get(id=file.id)).state is FileState.REMOVED
