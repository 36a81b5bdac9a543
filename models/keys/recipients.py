"""Who is written to of a key: those who look after it (ID-5)."""

from __future__ import annotations

from models.accounts.recipients import OPS, members
from models.base.recipients import recipient

KEEPER = recipient(
    "KEEPER",
    members(
        "(held.role = 'SCHOOL' AND held.school_id = kept.school_id"
        " OR held.is_owner AND held.practice_id = kept.practice_id)",
        beside="JOIN partner_keys kept ON kept.id = e.subject_id AND e.subject_type = 'key'",
    ),
    instead=OPS,
)
"""The staff of a key's school, or the owner of its practice; OPS where there is nobody."""
