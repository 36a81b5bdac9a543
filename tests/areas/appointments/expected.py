"""Who may see and do what in appointments, written by hand, apart from the program."""

from __future__ import annotations

from typing import Any

from models.availability.openings import Opening
from models.base.access import Role
from models.base.ids import encode, new_id
from tests.areas.vocabulary import (
    ALL,
    FINANCE,
    MET,
    NONE,
    OFFICE,
    OPS,
    OWN,
    PARTNER,
    PROVIDER,
    SCHOOL,
    STUDENT,
    Audited,
    Expected,
    Others,
    Seen,
    seen,
)
from tests.support.two_sides import Side

QUERY: Expected = {
    "appointment": {STUDENT, PROVIDER, OFFICE, SCHOOL, PARTNER, OPS},
    "appointments": {STUDENT, PROVIDER, OFFICE, SCHOOL, PARTNER, OPS},
    "bookingPreflight": {STUDENT},
}

MUTATION: Expected = {
    "requestAppointment": {STUDENT},
    "withdrawAppointment": {STUDENT},
    "confirmAppointment": {PROVIDER, OFFICE},
    "declineAppointment": {PROVIDER, OFFICE},
    "cancelAppointment": {STUDENT, PROVIDER, OFFICE, OPS},
    "markNoShow": {PROVIDER, OPS},
}

SUBSCRIPTION: Expected = {
    "appointmentChanged": {STUDENT, PROVIDER, OFFICE, SCHOOL, PARTNER, OPS},
}

SEEN: dict[str, Seen] = {
    "apt": seen(student=MET, provider=OWN, office=OWN, school=MET, partner=MET, ops=ALL, finance=NONE),
}

NARROWED: dict[str, set[Role]] = {
    "Appointment.expectedReimbursement": {PROVIDER, OPS, FINANCE},
    "Appointment.telehealthConsent": {STUDENT, PROVIDER},
}

AUDITED: Audited = {
    "appointment": lambda side: {"id": side.confirmed.type_id},
    "appointments": lambda _: {"first": 5},
}


def requested(other: Side) -> dict[str, Any]:
    """Their request."""
    return {"appointmentId": other.requested.type_id}


def confirmed(other: Side) -> dict[str, Any]:
    """Their confirmed session."""
    return {"appointmentId": other.confirmed.type_id}


OTHERS: Others = {
    ("requestAppointment", STUDENT): lambda _: {"openingId": encode(Opening.PREFIX, new_id()), "state": "MA"},
    ("withdrawAppointment", STUDENT): requested,
    ("cancelAppointment", STUDENT): confirmed,
    ("confirmAppointment", PROVIDER): requested,
    ("confirmAppointment", OFFICE): requested,
    ("declineAppointment", PROVIDER): requested,
    ("declineAppointment", OFFICE): requested,
    ("cancelAppointment", PROVIDER): confirmed,
    ("cancelAppointment", OFFICE): confirmed,
    ("markNoShow", PROVIDER): confirmed,
}
