"""The parts of a student's own record: each area declares which rows of it, and which of their columns, are told."""

from __future__ import annotations

from dataclasses import dataclass

from models.base.access import Entity


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordPart:
    """One list of the record: the rows of a model that meet a condition on the student, `$1`, and their columns."""

    model: type[Entity]
    columns: tuple[str, ...]
    where: str

    @property
    def name(self) -> str:
        """Under which name the list stands in the record."""
        return self.model._meta.db_table


PARTS: dict[type[Entity], RecordPart] = {}
"""Every part, by its model. An allow-list: no secret, no hash of one, nothing of another person but what is named."""


def in_record(model: type[Entity], *columns: str, where: str) -> None:
    """Declare a part of the record."""
    PARTS[model] = RecordPart(model=model, columns=columns, where=where)
