"""Fields that change something: who may, one `input`, one transaction, refusals as user errors."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from execution import Selection, Single
from models.base.errors import Refusal, Refused
from models.base.scopes import Needed
from operations.admission import admit
from operations.arguments import Argument, Text, arguments_of, parsed
from operations.audit_trail import note
from operations.context import Context
from operations.fields import ANYONE, Audience, declared, describe, input_type, must_have_scope, sent_fields
from operations.idempotency import request_key
from operations.refusals import under_input
from operations.transactions import MutationTransaction

IDEMPOTENCY = Argument(
    name="idempotency_key",
    kind=str | None,
    description="Unique key you generate for each new request. Sending it again with the same input within 24 hours "
    "changes nothing further: it returns the objects in their current state, with `extensions.replayed`.",
    default=None,
    text=Text(200, one_line=True, needed=True),
)


Check = Callable[..., Awaitable[Sequence[Refusal]]]
"""What rules refuse among the values whose form is sound, told before anything is done: it changes nothing."""


def mutation(
    resolver: Callable[..., Awaitable[Any]],
    *,
    answers: Any,
    allow: Audience,
    idempotent: bool = True,
    before: Callable[..., Awaitable[Any]] | None = None,
    check: Check | None = None,
    scope: Needed = None,
    before_second_factor: bool = False,
) -> Any:
    """One mutation: audience, one `input`, one transaction, its payload `answers` or user errors.

    `idempotent=False` is for answers that must not be kept, such as tokens. What takes long without the database, as
    hashing a password does, is done by `before`, with the same values and outside of the transaction; its result is
    the resolver's second positional argument. `scope` and `before_second_factor` are as in `query`.

    Where a value's form is at fault the resolver is not asked; `check` then tells what rules say of the other values,
    so that a person learns of everything at once. It takes those of the resolver's arguments that rules are about, by
    their names, None for a text or id that is at fault itself; what it says of that one is left out. It proves no
    secret: a password, a token or a code is tried with a sound input alone.
    """
    must_have_scope(resolver.__name__, allow, scope)
    arguments = arguments_of(resolver)
    shown = (*arguments, IDEMPOTENCY) if idempotent and allow is not ANYONE else arguments
    verb = answers.verb

    async def resolve(context: Context, parent: Any, selection: Selection, **given: Any) -> Any:
        admit(context, allow, scope=scope, before_second_factor=before_second_factor)
        sent = sent_fields(given.get("input"))
        values, faults = parsed(shown, sent, under=["input"])
        if faults:
            if check is not None:
                at_fault = {fault.path[:2] for fault in faults}
                judged = under_input(await judgement(context, check, values))
                faults += [refusal for refusal in judged if refusal.path[:2] not in at_fault]
            return answers.refused(faults)
        sent.pop(IDEMPOTENCY.name, None)
        key = values.pop(IDEMPOTENCY.name, None)
        try:
            first: tuple[Any, ...] = ()
            if before is not None:
                await context.check_session()
                first = (await before(context, **values),)
            request = request_key(key, context.viewer, mutation=verb, sent=sent) if key else None
            result = await MutationTransaction(context, key=request).run(lambda: resolver(context, *first, **values))
        except Refused as refused:
            return answers.refused(under_input(refused.refusals))
        except Refusal as refusal:
            return answers.refused(under_input([refusal]))
        note(context, result)
        return answers.of(result)

    input_argument = Argument(name="input", kind=input_type(f"{verb}Input", shown), description=None)
    return declared(
        Single(resolve), (input_argument,) if shown else (), describe(resolver), allow, answers | None, scope
    )


async def judgement(context: Context, check: Check, values: Mapping[str, Any]) -> Sequence[Refusal]:
    """What rules say of the sound values, for a session that still holds."""
    await context.check_session()
    try:
        return await check(context, **{name: values.get(name) for name in names_of(check)})
    except Refused as refused:
        return refused.refusals
    except Refusal as refusal:
        return [refusal]


@functools.cache
def names_of(check: Check) -> tuple[str, ...]:
    """The arguments that a check takes."""
    parameters = inspect.signature(check).parameters.values()
    return tuple(one.name for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY)
