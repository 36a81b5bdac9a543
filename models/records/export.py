"""A student's own record as one document: composed of the parts that the areas declare."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import orjson
from tortoise.fields import JSONField

from models import tables
from models.base.access import Entity
from models.base.exports import PARTS, RecordPart
from models.base.ids import encode
from models.base.words import Words


class RecordFormat(Words):
    """Format of an exported record."""

    JSON = "JSON", "This program's own format, with everything that is held and may be shown."
    FHIR = "FHIR", "A FHIR R4 Bundle of type collection, for health software."


FORMAT = "flexible-credits.student-record/1"
ROWS_MAX = 10_000
"""How many rows of one kind a record holds at the most; one that has more says so."""

LEFT_OUT = (
    {
        "what": "What each session was about (the presenting concern of its claim).",
        "why": "The clinician wrote it; the program shows it to the clinician and to support alone (CL-9).",
        "ask": "Ask your provider, who keeps your clinical record, or the program's support.",
    },
    {
        "what": "What was paid for each session.",
        "why": "It is between the provider, your school and the program; you are never billed (CL-5).",
        "ask": "Ask your school's counselling centre, or the program's support.",
    },
    {
        "what": "Passwords, tokens and other secrets.",
        "why": "They are kept as hashes, or sealed, and are of no use to a reader.",
        "ask": "Reset your password, or revoke a session, at any time.",
    },
    {
        "what": "Who of the staff has read your record.",
        "why": "The audit trail is sealed and kept apart (ID-6).",
        "ask": "Ask the program's support for an account of it.",
    },
)
"""What is held and not told here, why, and where to ask for it."""


def parts() -> list[RecordPart]:
    """Every part of the record, in the order of the areas."""
    return [PARTS[model] for model in tables() if issubclass(model, Entity) and model in PARTS]


def content_of(rows: Mapping[str, Sequence[Mapping[str, Any]]], *, at: datetime) -> dict[str, Any]:
    """The record, made of the entries of each part; one row more than ROWS_MAX says that there are more."""
    cut = [name for name, entries in rows.items() if len(entries) > ROWS_MAX]
    whole = {name: list(entries[:ROWS_MAX]) for name, entries in rows.items()}
    student, school, wallet = (whole.pop(name) for name in ("students", "schools", "wallets"))
    return {
        "format": FORMAT,
        "madeAt": told(at),
        "student": student[0],
        "school": school[0] if school else None,
        "wallet": wallet[0] if wallet else None,
        **whole,
        "leftOut": list(LEFT_OUT),
        "cutOff": cut,
    }


def entry_of(part: RecordPart, row: Any) -> dict[str, Any]:
    """One row under the names that the API has for its columns, its ids as TypeIDs."""
    entry: dict[str, Any] = {"id": encode(part.model.PREFIX, row.id)}
    for column in part.columns:
        value = getattr(row, column)
        if isinstance(part.model._meta.fields_map[column], JSONField) and isinstance(value, str):
            value = orjson.loads(value)
        if column == "subject_type":
            continue
        if column == "subject_id":
            value = encode(row.subject_type, value)
        elif column in prefixes() and value is not None:
            value = encode(prefixes()[column], value)
        entry[camel(column)] = told(value)
    return entry


@cache
def prefixes() -> dict[str, str]:
    """The columns that hold the id of an object, each with the prefix of its TypeID: `student_id`, `grant_id` …"""
    return {f"{snake(model.__name__)}_id": model.PREFIX for model in tables() if issubclass(model, Entity)}


def told(value: Any) -> Any:
    """A value as JSON has it: instants in UTC with Z; of what is kept as JSON, names as the API writes them."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return [told(item) for item in value]
    if isinstance(value, dict):
        return {camel(name): told(item) for name, item in value.items()}
    return value.isoformat() if isinstance(value, date) else value


def camel(name: str) -> str:
    """The name of a column as the API writes it."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def snake(name: str) -> str:
    """The name of a model as columns write it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
