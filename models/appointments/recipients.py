"""Who is written to of a practice: its owner or its whole office, for what was made with it (ID-7, ID-8)."""

from __future__ import annotations

from dataclasses import replace

from models.accounts.recipients import OPS, members
from models.base.recipients import recipient

SESSION = "JOIN appointments ON appointments.id = e.appointment_id"

OFFICE = recipient(
    "OFFICE", members("held.practice_id = appointments.practice_id AND held.is_owner", beside=SESSION), instead=OPS
)
"""The owner of the practice that a session was booked with; OPS where there is none."""

PRACTICE = recipient(
    "PRACTICE",
    members(
        "held.practice_id = CASE WHEN e.subject_type = 'prc' THEN e.subject_id"
        " WHEN e.appointment_id IS NOT NULL THEN appointments.practice_id ELSE providers.practice_id END",
        beside=f"LEFT {SESSION} LEFT JOIN providers ON providers.id = e.provider_id",
    ),
    instead=OPS,
)
"""The office of the event's practice: itself, its session's, or its provider's; OPS where there is nobody."""

OWN_PRACTICE = replace(PRACTICE, instead=None)
"""The same office, and nobody in its stead: for what OPS hears in words of its own."""
