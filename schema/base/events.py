"""Events as clients see them: the history of a thing."""

from datetime import datetime

import strawberry

from execution import Computed
from models.base import events as models
from models.base.access import Role
from models.base.ids import encode
from operations.queries import relation
from schema.base.shape import Node, computed, shown, shows

REFETCH = (
    "True if the present state has to be fetched: at the beginning, and whenever events may have been missed. "
    "All other fields are null then."
)
EVENT_TEXT = "What happened; null if it is not for you."


@shows(models.Event)
class Event(Node):
    """One fact: who did what, and when. Never changed."""

    verb: str = shown("What happened, `appointment.confirmed` say.")
    at: datetime = shown("When.")
    subject_id: strawberry.ID = computed(
        lambda row: encode(row.subject_type, row.subject_id),
        "What it happened to.",
        needs=("subject_id", "subject_type"),
    )
    actor_role: Role | None = shown("Under which role it was done; null for the program itself.")
    request_id: str = relation(
        Computed(lambda row: row.request_id, needs=("request_id",)), "The request that did it.", allow=[Role.OPS]
    )
