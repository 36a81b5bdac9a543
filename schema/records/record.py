"""A student's own record as clients see it: one document, in two forms, and its erasure."""

from datetime import datetime

from models.base.access import Role
from operations.mutations import mutation
from operations.queries import query
from resolvers.records import jobs as job_resolvers
from resolvers.records import record as resolvers
from schema.base.shape import computed, payload, shown, value
from schema.jobs.jobs import Job
from schema.schools.students import Student


@value
class RecordDocument:
    """An exported document."""

    format: str = shown("Format and version of the content.")
    media_type: str = shown("Media type.")
    content: str = shown("The document, as JSON text.")
    sha256: str = shown("SHA-256 of the content as UTF-8, in hexadecimal.")


@value
class StudentRecord:
    """A student's complete record."""

    made_at: datetime = shown("When it was created.")
    json: RecordDocument = computed(
        lambda record: record.json, "The record as JSON, in this program's format.", needs=("json",)
    )
    fhir: RecordDocument = computed(
        lambda record: record.fhir,
        "The record as a FHIR R4 Bundle of type collection, for health software.",
        needs=("fhir",),
    )


class Query:
    """What records add to Query."""

    my_record: StudentRecord | None = query(resolvers.mine, allow=[Role.STUDENT])
    student_record: StudentRecord | None = query(resolvers.of_student, allow=[Role.OPS])


class Mutation:
    """What records add to Mutation."""

    export_record = mutation(job_resolvers.export, answers=payload("ExportRecord", Job), allow=[Role.STUDENT, Role.OPS])
    erase_student = mutation(
        resolvers.erase,
        answers=payload(
            "EraseStudent",
            {
                "student": (Student, "The erased student; null if refused."),
                "appointments_ended": (int, "Number of live appointments ended."),
                "appointments_left": (
                    int,
                    "Number of started sessions still waiting for attestation; erase again once they are decided.",
                ),
                "credits_revoked": (int, "Number of unused credits revoked."),
            },
        ),
        allow=[Role.OPS],
    )
