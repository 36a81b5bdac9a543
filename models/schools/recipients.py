"""Who is written to of a school: the student of an event, and the school's staff (ID-7)."""

from __future__ import annotations

from models.accounts.recipients import OPS, address_of_person, members
from models.base.recipients import recipient

STUDENT = recipient("STUDENT", address_of_person("students", "student_id"))
"""The student of the event."""

SCHOOL = recipient(
    "SCHOOL",
    members(
        "held.role = 'SCHOOL' AND held.school_id = coalesce(e.school_id, students.school_id)",
        beside="LEFT JOIN students ON students.id = e.student_id",
    ),
    instead=OPS,
)
"""Everybody of the staff of the event's school, or of its student's; OPS where there is nobody."""
