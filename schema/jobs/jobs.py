"""Background jobs as clients see them (PO-4)."""

from datetime import datetime

from models.accounts.accounts import PEOPLE
from models.jobs import jobs as models
from models.jobs.jobs import JobFault, JobState
from models.jobs.kinds import title_of
from operations.mutations import mutation
from operations.queries import query, relation, subscription
from resolvers.accounts.sessions import MEMBERSHIP
from resolvers.jobs import jobs as resolvers
from schema.accounts.accounts import Membership
from schema.base.shape import Connection, Node, computed, payload, shown, shows, value
from schema.files.files import File


@shows(models.Job)
class Job(Node):
    """Work in the background."""

    kind: str = shown("Kind of work, such as `record.export`.")
    title: str = computed(lambda row: title_of(row.kind), "What it does, in words.", needs=("kind",))
    state: JobState = shown("Current state.")
    done: int = shown("Number of steps done in the current attempt.")
    total: int | None = shown("Number of steps there are; null while unknown.")
    attempts: int = shown(f"Number of attempts begun, at most {models.ATTEMPTS_MAX}.")
    membership: Membership | None = relation(MEMBERSHIP, "Membership that started it.")
    created_at: datetime = shown("When it was started by the person.")
    started_at: datetime | None = shown("When work on it first began.")
    cancel_requested_at: datetime | None = shown("When somebody asked to cancel it.")
    ended_at: datetime | None = shown("When it ended.")
    fault: JobFault | None = shown("Why it was given up.")
    reason: str | None = computed(
        lambda row: resolvers.reason_of(row.fault), "Why it was given up, in words.", needs=("fault",)
    )
    result: File | None = relation(
        resolvers.RESULT, "Its result, for who started it; null until it is done. What is in it is removed in time."
    )


@value
class JobProgress:
    """The state of a job at one moment."""

    job: Job | None = relation(resolvers.JOB, "The job as it is now; null if there is no such job.")


class Query:
    """What jobs add to Query."""

    job: Job | None = query(resolvers.one, allow=PEOPLE)
    jobs: Connection[Job] | None = query(resolvers.many, allow=PEOPLE)


class Mutation:
    """What jobs add to Mutation."""

    cancel_job = mutation(resolvers.cancel, answers=payload("CancelJob", Job), allow=PEOPLE)


class Subscription:
    """What jobs add to Subscription."""

    job_progress: JobProgress | None = subscription(resolvers.progress, allow=PEOPLE)
