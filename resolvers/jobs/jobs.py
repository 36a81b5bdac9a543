"""How requests about background jobs are answered (PO-4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.base.access import EVERYTHING
from models.files.files import File
from models.jobs import jobs as models
from models.jobs.jobs import Job, JobFault, JobState
from operations.arguments import Filter, Text
from operations.broker import ChangeNotice, Topic
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.relations import row, to_one
from operations.reads.rows import find_locked

LATEST_FIRST = Order("created_at", descending=True)
OfJob = Annotated[UUID, Job, "Id of the job."]


class JobFilter(Filter):
    """Conditions on a list of jobs; all must hold."""

    state: Annotated[list[JobState] | None, "In one of these states."] = None
    kind: Annotated[str | None, Text(60, one_line=True, needed=True), "Of this kind."] = None
    own: Annotated[bool | None, "Only those you started; of use to OPS, who may see all."] = None


async def one(context: Context, selection: Selection, *, id: OfJob) -> Any:
    """A background job you started; OPS may see anyone's, without its result."""
    return await row(context, Job, selection, id)


async def many(
    context: Context,
    selection: Selection,
    *,
    page: PageRequest,
    filter: Annotated[JobFilter | None, "Which jobs."] = None,
) -> Page:
    """Background jobs you started, newest first; for OPS everybody's, without their results."""
    where, values = EVERYTHING, []
    if filter is not None:
        where = (
            "($1::text[] IS NULL OR jobs.state = ANY ($1)) AND ($2::text IS NULL OR jobs.kind = $2)"
            " AND ($3::uuid IS NULL OR jobs.membership_id = $3)"
        )
        own = context.viewer.membership_id if filter.own else None
        values = [None if filter.state is None else [state.value for state in filter.state], filter.kind, own]
    return await page_of(context, Job, selection, page, order=LATEST_FIRST, where=where, values=values)


async def cancel(context: Context, *, job_id: OfJob) -> Job:
    """Cancel a background job. One that runs stops at its next step; OPS may cancel anyone's."""
    job = await find_locked(context, Job, job_id, path="jobId")
    return await models.cancel(job, by=context.viewer, at=context.now)


@dataclass(frozen=True, kw_only=True, slots=True)
class JobNotice(ChangeNotice):
    """That a job has changed, and how it stood then: two such notices are the same only if it stood the same."""

    seen: tuple[str, int] | None = None


JOBS = Topic(model=Job, row_of=lambda fact: None, of_one_row=True)


async def progress(context: Context, *, job_id: OfJob) -> AsyncIterator[JobNotice]:
    """Progress of a background job: its state at once and whenever it changes, at most about once a second.

    Ends by itself with the job, or with `job: null` when there is no such job.
    """
    async with aclosing(context.environment.broker.changes(context.viewer, JOBS, only=job_id)) as changes:  # type: ignore[type-var]
        async for _ in changes:
            job = await Job.visible(context.viewer, job_id)
            yield JobNotice(row_id=job_id, seen=None if job is None else (job.state, job.done))
            if job is None or job.ended_at is not None:
                return


JOB = to_one(Job, by="row_id")
RESULT = to_one(File, by="result_file_id")


def reason_of(fault: JobFault | None) -> str | None:
    """Why a job was given up, in words."""
    return None if fault is None else JobFault(fault).meaning
