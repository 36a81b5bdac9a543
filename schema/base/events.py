"""Events as clients see them: the history of a thing."""

from datetime import datetime

from execution import Computed
from models.base import events as models
from models.base.access import Role
from models.base.event_verbs import EventVerb
from operations.queries import relation
from operations.reads.nodes import SUBJECT
from schema.base.shape import Node, shown, shows

REFETCH = (
    "True if you must fetch the current state: in the first message, and whenever events may have been missed. "
    "All other fields are then null."
)
EVENT_TEXT = "Event that caused the change; null if you may not see it."


@shows(models.Event)
class Event(Node):
    """A record of something that happened: who did what, and when. Never changed."""

    verb: EventVerb = shown("What happened.")
    at: datetime = shown("When it happened.")
    subject: Node | None = relation(SUBJECT, "Current state of the object it happened to; null if you may not see it.")
    actor_role: Role | None = shown("Role of the person who did it; null if it was done automatically.")
    request_id: str = relation(
        Computed(lambda row: row.request_id, needs=("request_id",)),
        "Id of the request that caused it.",
        allow=[Role.OPS],
    )
