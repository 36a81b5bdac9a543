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
    "True if the present state has to be fetched: at the beginning, and whenever events may have been missed. "
    "All other fields are null then."
)
EVENT_TEXT = "What happened; null if it is not for you."


@shows(models.Event)
class Event(Node):
    """One fact: who did what, and when. Never changed."""

    verb: EventVerb = shown("What happened.")
    at: datetime = shown("When.")
    subject: Node | None = relation(SUBJECT, "What it happened to, as it is now; null if you may not see it.")
    actor_role: Role | None = shown("Under which role it was done; null for the program itself.")
    request_id: str = relation(
        Computed(lambda row: row.request_id, needs=("request_id",)), "The request that did it.", allow=[Role.OPS]
    )
