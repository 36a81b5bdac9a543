"""Contact (ID-8): from when until when a provider, and the practice a session was booked with, may reach a student."""

from __future__ import annotations

from models.base.access import Role
from models.schools.students import CONTACT

OPEN = (
    "EXISTS (SELECT 1 FROM appointments met WHERE met.student_id = students.id AND {whose}"
    " AND (met.ended_at IS NULL OR (met.confirmed_at IS NOT NULL AND met.attest_by > $at)))"
)
"""While a session is live, and after the last confirmed one until its time to be claimed is over (CL-1).

A request that was withdrawn or declined or expired was never confirmed: it leaves the name alone.
"""

CONTACT[Role.PROVIDER] = OPEN.format(whose="met.provider_id = {provider}")
CONTACT[Role.OFFICE] = OPEN.format(whose="met.practice_id = {practice}")
