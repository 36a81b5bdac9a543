"""The steps of an appointment, and where its credit may be in each status: one table for every verb to come.

The database holds the same (`appointment_may_go`, `credit_may_be`), and docs/guides/appointments.md tells it; a test
compares the three.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from models.appointments.appointments import AppointmentStatus as Status


class CreditAt(StrEnum):
    """Where the credit of an appointment is, after all its transfers."""

    HELD = "HELD"
    SETTLED = "SETTLED"
    FORFEITED = "FORFEITED"
    RETURNED = "RETURNED"
    """Available again, or expired with its grant."""


STEPS: Mapping[Status, frozenset[Status]] = {
    Status.REQUESTED: frozenset({Status.CONFIRMED, Status.DECLINED, Status.EXPIRED, Status.WITHDRAWN}),
    Status.CONFIRMED: frozenset({Status.COMPLETED, Status.CANCELLED, Status.NO_SHOW, Status.LAPSED}),
    Status.LAPSED: frozenset({Status.COMPLETED}),
    Status.NO_SHOW: frozenset({Status.COMPLETED}),
    Status.COMPLETED: frozenset({Status.VOIDED}),
    **dict.fromkeys(
        (Status.DECLINED, Status.EXPIRED, Status.WITHDRAWN, Status.CANCELLED, Status.VOIDED), frozenset[Status]()
    ),
}
"""Which status may follow which."""

CREDIT: Mapping[Status, frozenset[CreditAt]] = {
    Status.REQUESTED: frozenset({CreditAt.HELD}),
    Status.CONFIRMED: frozenset({CreditAt.HELD}),
    Status.COMPLETED: frozenset({CreditAt.SETTLED, CreditAt.RETURNED}),
    Status.DECLINED: frozenset({CreditAt.RETURNED}),
    Status.EXPIRED: frozenset({CreditAt.RETURNED}),
    Status.WITHDRAWN: frozenset({CreditAt.RETURNED}),
    Status.CANCELLED: frozenset({CreditAt.RETURNED, CreditAt.FORFEITED}),
    Status.NO_SHOW: frozenset({CreditAt.RETURNED, CreditAt.FORFEITED}),
    Status.LAPSED: frozenset({CreditAt.RETURNED}),
    Status.VOIDED: frozenset({CreditAt.RETURNED}),
}
"""Where the credit may be in each status."""
