"""Answers that are kept with their idempotency key, and given again as they were."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import asyncpg
import orjson
from tortoise import Tortoise
from tortoise.exceptions import IntegrityError

from models.base import idempotency
from models.base.access import Entity, Viewer
from models.base.errors import Code, Refusal, Refused
from models.base.statements import transaction
from operations.context import Context
from operations.refusals import refusal_for


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


async def with_key(
    context: Context, resolver: Callable[..., Awaitable[Any]], values: Mapping[str, Any], *, key: str, asked: bytes
) -> Any:
    """The verb's outcome, or the one that was kept for this key; a refusal is kept too."""
    account = context.viewer.account_id
    kept = await idempotency.claim(account, key, asked=asked, at=context.now)
    if kept is not None:
        return restored(kept)
    outcome: Any
    try:
        async with transaction():
            outcome = await resolver(context, **values)
    except Refused as refused:
        outcome = refused
    except Refusal as refusal:
        outcome = Refused([refusal])
    except (IntegrityError, asyncpg.IntegrityConstraintViolationError) as violation:
        outcome = Refused([refusal_for(violation)])
    await idempotency.keep(account, key, answer=snapshot(outcome))
    return outcome


def digest(viewer: Viewer, name: str, asked: Any) -> bytes:
    """What was asked and under which membership, as 32 bytes to compare: no answer leaves the membership it is for."""
    whole = [viewer.membership_id, name, asked]
    return hashlib.sha256(orjson.dumps(whole, default=str, option=orjson.OPT_SORT_KEYS)).digest()
