"""A student's own record as clients see it: one document, in two forms, and its erasure."""

from datetime import datetime

from models.base.access import Role
from operations.mutations import mutation
from operations.queries import query
from resolvers.records import record as resolvers
from schema.base.shape import computed, payload, shown, value
from schema.schools.students import Student


@value
class RecordDocument:
    """One document: what it is, its text, and the hash by which a copy is compared."""

    format: str = shown("The form of the content and its version.")
    media_type: str = shown("What to save it as.")
    content: str = shown("The document itself, a JSON text.")
    sha256: str = shown("The SHA-256 of the content's UTF-8 bytes, in hexadecimal digits.")


@value
class StudentRecord:
    """Everything that the program holds about one student and may show that student."""

    made_at: datetime = shown("When it was read.")
    json: RecordDocument = computed(
        lambda record: record.json, "The whole record, in the program's own form.", needs=("json",)
    )
    fhir: RecordDocument = computed(
        lambda record: record.fhir,
        "What health software reads of it: a FHIR R4 bundle of type collection.",
        needs=("fhir",),
    )


class Query:
    """What records add to Query."""

    my_record: StudentRecord | None = query(resolvers.mine, allow=[Role.STUDENT])
    student_record: StudentRecord | None = query(resolvers.of_student, allow=[Role.OPS])


class Mutation:
    """What records add to Mutation."""

    erase_student = mutation(
        resolvers.erase,
        answers=payload(
            "EraseStudent",
            {
                "student": (Student, "The student, without a name; null if refused."),
                "appointments_ended": (int, "How many live appointments were ended."),
                "appointments_left": (
                    int,
                    "How many sessions have begun and wait for their provider's word; erase again once they have it.",
                ),
                "credits_revoked": (int, "How many unused credits were taken back."),
            },
        ),
        allow=[Role.OPS],
    )
