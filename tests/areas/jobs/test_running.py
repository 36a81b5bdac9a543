"""Jobs as they are run: each to the end that it deserves, under a lease, once at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from models.accounts.accounts import Account, Membership
from models.base.access import Role
from models.base.effects import Leaving
from models.base.errors import Refusal
from models.base.events import Event
from models.base.ids import new_id
from models.base.statements import execute, fetch_one, transaction
from models.files.files import File
from models.jobs import jobs, progress, queue
from models.jobs.jobs import ATTEMPTS_MAX, LIVE_MAX, Job, JobFault, JobState, end_jobs_about
from models.jobs.kinds import KINDS, Result
from models.jobs.progress import Progress
from models.jobs.runner import Runner
from models.practices.practices import Practice
from models.records import retention
from settings import Settings
from tests.support.databases import own_database
from tests.support.jobs import (
    BY_STEPS,
    ENDLESS,
    FAILING,
    OF_STUDENT,
    SLOW,
    cancelled,
    doing,
    lapse,
    member_of,
    runner_on,
    started,
)
from tests.support.world import AT, as_staff, school_of, student_of

LATER = AT + timedelta(hours=1)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def settings(postgres: str) -> AsyncIterator[Settings]:
    """A database of this module's own, with real commits."""
    async with own_database(postgres, pool_size=20) as own:
        yield own


@pytest_asyncio.fixture(loop_scope="session")
async def runner(settings: Settings) -> Runner:
    """A runner, and a queue without what other tests left in it."""
    await execute("UPDATE jobs SET next_at = 'infinity', lease_until = 'infinity' WHERE state = 'RUNNING'")
    await execute("UPDATE jobs SET next_at = 'infinity' WHERE state = 'WAITING'")
    return runner_on(settings)


async def now_of(job: Job) -> Job:
    """The job as it is now."""
    return await Job.get(id=job.id)


async def test_a_job_is_done_once_and_then_there_is_none(runner: Runner) -> None:
    job = await started()
    assert await runner.run_next(AT)
    ended = await now_of(job)
    assert (ended.state, ended.done, ended.total, ended.attempts) == (JobState.DONE, 3, 3, 1)
    assert (ended.started_at, ended.ended_at, ended.lease) == (AT, AT, None)
    assert not await runner.run_next(AT)


async def test_a_job_that_fails_is_tried_again_after_longer_and_longer_waits_and_then_given_up(runner: Runner) -> None:
    job = await started(FAILING)
    at, waits = AT, []
    for _ in range(ATTEMPTS_MAX):
        assert await runner.run_next(at)
        waits.append((await now_of(job)).next_at - AT)
        assert not await runner.run_next(at)
        at = (await now_of(job)).next_at
    ended = await now_of(job)
    assert [wait.total_seconds() for wait in waits[:-1]] == [10, 20, 40, 80]
    assert (ended.state, ended.fault, ended.attempts) == (JobState.FAILED, JobFault.INTERNAL, ATTEMPTS_MAX)


async def test_a_statement_of_a_job_has_a_limit_of_its_own(runner: Runner) -> None:
    job = await started(SLOW)
    for attempt in range(ATTEMPTS_MAX):
        assert await runner.run_next(AT + timedelta(hours=attempt))
    assert (await now_of(job)).fault is JobFault.TIMED_OUT
    assert (await fetch_one("SHOW statement_timeout")).statement_timeout == "5s"


async def test_a_job_that_takes_too_long_is_given_up(runner: Runner) -> None:
    job = await started(ENDLESS)
    assert await runner.run_next(AT)
    assert (await now_of(job)).fault is JobFault.TIMED_OUT


async def test_two_workers_at_once_never_do_the_same_job(runner: Runner) -> None:
    begun: list[str] = []

    async def work(progress: Progress) -> None:
        begun.append(str(progress.job.id))
        await asyncio.sleep(0)

    kind = doing(work)
    members = [await member_of() for _ in range(8)]
    all_jobs = [await started(kind, by=member) for member in members]
    await asyncio.gather(*(runner.run_next(AT) for _ in range(12)))
    while await runner.run_next(AT):
        pass
    assert sorted(begun) == sorted(str(job.id) for job in all_jobs)


async def test_a_worker_that_lost_its_lease_writes_nothing_more(runner: Runner) -> None:
    job = await started()
    first = await queue.claim(at=AT, kinds=KINDS)
    await lapse(job)
    second = await queue.claim(at=AT, kinds=KINDS)
    assert first is not None
    assert second is not None
    assert (first.id, first.attempts, second.id, second.attempts) == (job.id, 1, job.id, 2)
    assert not await queue.finish(first, at=AT)
    assert not await queue.give_up(first, JobFault.INTERNAL, at=AT)
    assert not await queue.give_back(first, at=AT)
    assert not await queue.put_off(first, JobFault.INTERNAL, at=AT)
    assert (await now_of(job)).lease == second.lease
    assert await queue.finish(second, at=AT)


async def test_work_whose_lease_was_lost_is_stopped_and_undone(runner: Runner) -> None:
    school = await school_of()

    async def work(progress: Progress) -> None:
        await lapse(job)
        await queue.claim(at=AT, kinds=KINDS)
        async with transaction():
            await execute("UPDATE schools SET name = 'Changed' WHERE id = $1", school.id)
            await progress.finish()

    job = await started(doing(work))
    assert await runner.run_next(AT)
    assert (await fetch_one("SELECT name FROM schools WHERE id = $1", school.id)).name == school.name
    assert (await now_of(job)).state is JobState.RUNNING


async def test_what_a_job_changes_commits_with_its_end(runner: Runner) -> None:
    school = await school_of()

    async def work(progress: Progress) -> None:
        async with transaction():
            await execute("UPDATE schools SET name = 'Changed' WHERE id = $1", school.id)
            await progress.finish()

    job = await started(doing(work))
    assert await runner.run_next(AT)
    assert (await now_of(job)).state is JobState.DONE
    assert (await fetch_one("SELECT name FROM schools WHERE id = $1", school.id)).name == "Changed"


async def test_a_job_whose_transaction_fails_after_its_end_is_tried_again(runner: Runner) -> None:
    async def work(progress: Progress) -> None:
        async with transaction():
            await progress.finish()
            raise RuntimeError

    job = await started(doing(work))
    assert await runner.run_next(AT)
    assert (await now_of(job)).state is JobState.WAITING


async def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_at_its_next_step(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "WRITE_SECONDS", 0)
    by = await member_of()
    waiting = await started(by=by)
    await cancelled(waiting, by=by)
    assert (await now_of(waiting)).state is JobState.CANCELLED
    steps: list[int] = []

    async def work(progress: Progress) -> None:
        for number in range(5):
            await progress.step(number, 5)
            steps.append(number)
            if number == 1:
                await cancelled(running, by=by)

    running = await started(doing(work), by=by)
    assert await runner.run_next(AT)
    ended = await now_of(running)
    assert (ended.state, ended.done, steps) == (JobState.CANCELLED, 2, [0, 1])
    with pytest.raises(Refusal, match="has ended"):
        await cancelled(running, by=by)


async def test_a_job_without_steps_that_was_cancelled_is_not_done(runner: Runner) -> None:
    by = await member_of()

    async def work(progress: Progress) -> None:
        await cancelled(job, by=by)

    job = await started(doing(work), by=by)
    assert await runner.run_next(AT)
    assert (await now_of(job)).state is JobState.CANCELLED


async def test_a_job_that_is_cancelled_while_its_end_is_written_is_over_at_once(
    settings: Settings, runner: Runner
) -> None:
    by = await member_of()
    begun, asked = asyncio.Event(), asyncio.Event()

    async def work(progress: Progress) -> None:
        begun.set()
        await asked.wait()

    async def cancel_slowly() -> None:
        await begun.wait()
        async with transaction():
            await jobs.cancel(await Job.locked(job.id), by=by, at=AT)
            asked.set()
            waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid"
            while await fetch_one(waits) is None:  # noqa: ASYNC110  (the database tells nobody)
                await asyncio.sleep(0.01)

    job = await started(doing(work), by=by)
    async with asyncio.timeout(5):
        await asyncio.gather(runner.run_next(AT), cancel_slowly())
    assert (await now_of(job)).state is JobState.CANCELLED


async def test_a_cancelled_job_whose_worker_died_is_over_when_its_lease_is(runner: Runner) -> None:
    by = await member_of()
    job = await started(by=by)
    assert await queue.claim(at=AT, kinds=KINDS) is not None
    await cancelled(job, by=by)
    assert not await runner.run_next(AT)
    await lapse(job)
    assert await runner.run_next(AT)
    assert (await now_of(job)).state is JobState.CANCELLED


async def test_a_job_whose_worker_dies_each_time_is_given_up_with_the_cause(runner: Runner) -> None:
    job = await started()
    for _ in range(ATTEMPTS_MAX):
        assert await queue.claim(at=AT, kinds=KINDS) is not None
        await lapse(job)
    assert await runner.run_next(AT)
    ended = await now_of(job)
    assert (ended.state, ended.fault) == (JobState.FAILED, JobFault.WORKER_DIED)


async def test_a_worker_that_is_stopped_gives_its_job_back_and_it_costs_no_attempt(settings: Settings) -> None:
    stop, begun = asyncio.Event(), asyncio.Event()

    async def work(progress: Progress) -> None:
        begun.set()
        await asyncio.Event().wait()

    job = await started(doing(work))
    running = asyncio.create_task(runner_on(settings, stop=stop).run_next(AT))
    await begun.wait()
    stop.set()
    assert await running
    given_back = await now_of(job)
    assert (given_back.state, given_back.attempts, given_back.next_at) == (JobState.WAITING, 0, AT)
    assert not await runner_on(settings, stop=stop).run_next(AT)


async def test_whose_membership_ended_meanwhile_gets_nothing(runner: Runner) -> None:
    by = await member_of()

    async def work(progress: Progress) -> Result:
        await Membership.filter(id=by.membership_id).update(ended_at=AT)
        return Result(content=b"made in vain", name="result.txt", media_type="text/plain")

    job = await started(doing(work), by=by)
    assert await runner.run_next(AT)
    ended = await now_of(job)
    assert (ended.fault, ended.result_file_id) == (JobFault.REACH_LOST, None)
    assert not await File.filter(membership_id=by.membership_id).exists()


async def test_a_result_that_is_too_large_is_no_file(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "RESULT_BYTES_MAX", 3)

    async def work(progress: Progress) -> Result:
        return Result(content=b"four", name="result.txt", media_type="text/plain")

    job = await started(doing(work))
    assert await runner.run_next(AT)
    assert (await now_of(job)).fault is JobFault.TOO_LARGE


async def test_whose_account_was_shut_before_gets_nothing(runner: Runner) -> None:
    by = await member_of()
    job = await started(by=by)
    await Account.filter(id=by.account_id).update(disabled_at=AT)
    assert await runner.run_next(AT)
    ended = await now_of(job)
    assert (ended.fault, ended.done) == (JobFault.REACH_LOST, 0)


async def test_an_office_user_whose_access_lapsed_meanwhile_gets_nothing(settings: Settings, runner: Runner) -> None:
    practice = await Practice.open(name="Harbor", by=None, at=AT)
    by = await member_of(
        Role.OFFICE, practice_id=practice.id, is_owner=False, validated_at=AT, revalidate_by=AT + timedelta(days=90)
    )
    job = await started(by=by)
    assert await runner_on(settings, at=AT + timedelta(days=90)).run_next(AT + timedelta(days=90))
    assert (await now_of(job)).fault is JobFault.REACH_LOST


async def test_who_reaches_the_subject_no_more_gets_nothing(runner: Runner) -> None:
    school = await school_of()
    student = await student_of(school)
    by = await member_of(Role.SCHOOL, school_id=school.id)
    job = await started(OF_STUDENT, by=by, student_id=str(student.id))
    other = await school_of()
    await execute("UPDATE memberships SET school_id = $2 WHERE id = $1", by.membership_id, other.id)
    assert await runner.run_next(AT)
    assert (await now_of(job)).fault is JobFault.REACH_LOST
    with pytest.raises(Refusal, match="no such student"):
        await started(OF_STUDENT, by=by, student_id=str(new_id()))


async def test_a_membership_has_so_many_live_jobs_at_most_however_fast_it_asks(settings: Settings) -> None:
    by = await member_of()
    asked = await asyncio.gather(*(started(by=by) for _ in range(LIVE_MAX + 5)), return_exceptions=True)
    refused = [answer for answer in asked if isinstance(answer, Refusal)]
    assert (len(asked) - len(refused), {refusal.rule for refusal in refused}) == (LIVE_MAX, {"PO-4"})
    await cancelled(next(answer for answer in asked if isinstance(answer, Job)), by=by)
    await started(by=by)


async def test_progress_is_written_once_a_second_at_the_most(runner: Runner) -> None:
    seen: list[int] = []

    async def work(progress: Progress) -> None:
        for number in range(200):
            await progress.step(number, 200)
            if number in (1, 199):
                seen.append((await Job.get(id=progress.job.id)).done)

    job = await started(doing(work))
    assert await runner.run_next(AT)
    assert seen == [0, 0]
    assert (await now_of(job)).done == 200


async def test_progress_is_seen_while_the_work_s_own_transaction_is_open(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "WRITE_SECONDS", 0)
    seen: list[int] = []

    async def look() -> None:
        seen.append((await fetch_one("SELECT done FROM jobs WHERE id = $1", job.id)).done)

    async def work(progress: Progress) -> None:
        async with transaction():
            await execute("SELECT 1")
            await progress.step(7, 9)
            await look()

    job = await started(doing(work))
    assert await runner.run_next(AT)
    assert seen == [7]


async def test_work_is_stopped_when_the_database_says_its_lease_is_another_s(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "BEAT_SECONDS", 0.01)
    stopped: list[bool] = []

    async def work(progress: Progress) -> None:
        try:
            await execute("UPDATE jobs SET lease = $2 WHERE id = $1", job.id, new_id())  # as another's claim would
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            stopped.append(True)
            raise

    job = await started(doing(work))
    assert await runner.run_next(AT)
    assert stopped == [True]
    assert (await now_of(job)).state is JobState.RUNNING


async def test_a_lease_is_kept_while_the_work_says_nothing(
    settings: Settings, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "BEAT_SECONDS", 0.01)

    async def work(progress: Progress) -> None:
        await lapse(job)
        while await fetch_one("SELECT 1 FROM jobs WHERE id = $1 AND lease_until <= clock_timestamp()", job.id):
            pass  # each look lets the beat beside it go on

    job = await started(doing(work))
    assert await runner.run_next(AT)
    assert (await now_of(job)).state is JobState.DONE


async def test_the_jobs_about_an_erased_student_end_whoever_started_them(runner: Runner) -> None:
    student = await student_of(await school_of())
    by = await member_of()

    async def work(progress: Progress) -> None:
        async with transaction():
            await end_jobs_about(Leaving(student.id), by=as_staff(Role.OPS), at=AT)

    kind = doing(work)
    async with transaction():
        running, waiting = [await jobs.start(kind, {}, student_id=student.id, by=by, at=AT) for _ in range(2)]
    assert await runner.run_next(AT)
    assert {(await now_of(job)).state for job in (running, waiting)} == {JobState.CANCELLED}


async def test_a_kind_that_this_version_does_not_know_is_left_to_one_that_does(runner: Runner) -> None:
    job = await started()
    assert await queue.claim(at=AT, kinds=["test.other"]) is None
    assert await runner.run_next(AT)
    assert (await now_of(job)).state is JobState.DONE


async def test_what_is_started_and_cancelled_is_in_the_history(runner: Runner) -> None:
    by = await member_of()
    job = await started(by=by)
    await cancelled(job, by=by)
    events = await Event.filter(subject_id=job.id).order_by("id")
    assert [(event.verb, event.actor_id) for event in events] == [
        ("job.started", by.account_id), ("job.cancelled", by.account_id),
    ]  # fmt: skip


async def test_an_ended_job_goes_after_ninety_days(runner: Runner) -> None:
    job = await started()
    assert await runner.run_next(AT)
    await retention.remove_old_of(Job, at=AT + timedelta(days=90))
    assert await Job.exists(id=job.id)
    await retention.remove_old_of(Job, at=AT + timedelta(days=91))
    assert not await Job.exists(id=job.id)


async def test_arguments_are_ids_and_words_alone(settings: Settings) -> None:
    with pytest.raises(Exception, match="jobs_args"):
        await started(BY_STEPS, text="What a person wrote.")
