"""Who may see and do what in figures, written by hand, apart from the program."""

from __future__ import annotations

from models.base.access import Role
from tests.areas.vocabulary import OPS, PARTNER, SCHOOL

NARROWED: dict[str, set[Role]] = {
    "School.monthly": {OPS, SCHOOL, PARTNER},
}
