"""Answers that are kept with their idempotency key, and given again as they were."""

from __future__ import annotations

from typing import Any

import orjson
from tortoise import Tortoise

from models.base.access import Entity
from models.base.errors import Code, Refusal, Refused


def snapshot(outcome: Any) -> Any:
    """An outcome as JSON: rows with their columns, refusals with their words."""
    return orjson.loads(orjson.dumps(packed(outcome), default=str))  # asyncpg has a UUID of its own


def packed(value: Any) -> Any:
    """One value of an outcome."""
    if isinstance(value, Refused):
        return {"refused": [{**vars(refusal), "path": list(refusal.path)} for refusal in value.refusals]}
    if isinstance(value, Entity):
        meta = value._meta
        columns = {name: getattr(value, name) for name in meta.fields_db_projection if not is_secret(name)}
        return {"row": type(value).__name__, "columns": columns}
    if isinstance(value, dict):
        return {"dict": {name: packed(item) for name, item in value.items()}}
    if isinstance(value, list | tuple):
        return {"list": [packed(item) for item in value]}
    return {"value": value}


def is_secret(column: str) -> bool:
    """Whether a column holds a hash or something sealed: no answer shows it, so none keeps a copy of it."""
    return column.endswith("_hash") or column.startswith("sealed_")


def restored(kept: Any) -> Any:
    """The outcome that was kept."""
    if "refused" in kept:
        return Refused([refusal(**item) for item in kept["refused"]])
    if "row" in kept:
        model: Any = Tortoise.apps["models"][kept["row"]]
        fields = model._meta.fields_map
        columns = {name: fields[name].to_python_value(value) for name, value in kept["columns"].items()}
        return model.construct(**columns) if hasattr(model, "construct") else model(**columns)
    if "dict" in kept:
        return {name: restored(item) for name, item in kept["dict"].items()}
    if "list" in kept:
        return [restored(item) for item in kept["list"]]
    return kept["value"]


def refusal(*, code: str, message: str, rule: str, path: list[str], fix: str, **_: Any) -> Refusal:
    """A refusal from its kept form."""
    return Refusal(Code(code), message, rule=rule, path=path, fix=fix)
