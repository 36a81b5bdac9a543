"""Idempotency keys: what is sent again with its key is not done again, but answered with its rows as they are now."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import orjson
from tortoise import Tortoise

from models.base import idempotency
from models.base.access import Entity, Viewer
from models.base.errors import Refused
from operations.context import Context

Outcome = TypeVar("Outcome")


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestKey:
    """A key that a client sent, and a digest of what was sent with it."""

    key: str
    digest: bytes


def request_key(key: str, viewer: Viewer, *, mutation: str, sent: Mapping[str, Any]) -> RequestKey:
    """The key of a request. The digest has the membership in it: no answer leaves the membership that it is for."""
    whole = [viewer.membership_id, mutation, sent]
    packed = orjson.dumps(whole, default=str, option=orjson.OPT_SORT_KEYS)
    return RequestKey(key=key, digest=hashlib.sha256(packed).digest())


async def answer_once(context: Context, key: RequestKey, verb: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Run the verb and keep its answer, or answer what was kept, in the running transaction. Raises CONFLICT.

    A refusal is not kept: it changed nothing, and the same request is judged anew.
    """
    account = context.viewer.account_id
    kept = await idempotency.claim(account, key.key, digest=key.digest, at=context.now)
    if kept is not None:
        context.replayed = True
        now: Outcome = await as_it_is_now(context, kept)
        return now
    outcome = await verb()
    if not isinstance(outcome, Refused):
        await idempotency.keep(account, key.key, answer=orjson.dumps(packed(outcome), default=str).decode())
    return outcome


def packed(value: Any) -> dict[str, Any]:
    """A value of an outcome as it is kept: rows by their ids alone, the rest as it is."""
    if isinstance(value, Entity):
        return {"row": type(value).__name__, "columns": {"id": value.id}}
    if isinstance(value, dict):
        return {"dict": {name: packed(item) for name, item in value.items()}}
    if isinstance(value, list | tuple):
        return {"list": [packed(item) for item in value]}
    return {"value": value}


async def as_it_is_now(context: Context, kept: Mapping[str, Any]) -> Any:
    """A kept value with its rows read again: None, and left out of a list, where the viewer's reach has ended."""
    if "row" in kept:
        model = Tortoise.apps["models"][kept["row"]]
        assert issubclass(model, Entity), "only entities are kept by id"
        return await model.visible(context.viewer, UUID(kept["columns"]["id"]))
    if "dict" in kept:
        return {name: await as_it_is_now(context, item) for name, item in kept["dict"].items()}
    if "list" in kept:
        items = [(item, await as_it_is_now(context, item)) for item in kept["list"]]
        return [now for item, now in items if now is not None or "row" not in item]
    return kept["value"]
