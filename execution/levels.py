"""The way through a plan: levels of plain fields, and between them one call for each asynchronous field."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import Any

from graphql import ExecutionResult, GraphQLError
from graphql.execution.values import VariableValues

from execution.arguments import Refusable
from execution.completion import complete_field, complete_fields, complete_value
from execution.core_path import checked
from execution.fields import Batched, Single
from execution.leaves import IrregularError
from execution.plan import Entry, Plan, PlannedField
from execution.run import Run, steps_to


async def run_plan(plan: Plan, context: Any, root_value: Any, variables: VariableValues) -> ExecutionResult:
    """Execute an operation."""
    run = Run(plan, context, root_value, variables)
    if plan.serial:
        await _run_serially(run)
        return run.result()
    try:
        if plan.doubtful:
            run.admit(plan.doubtful)
        run.data = plan.complete(root_value, None, run.frames)  # type: ignore[misc]
    except Exception:
        run.forget(tuple({planned.block.index for planned in plan.following}))
        try:
            run.data = await complete_fields(run, plan.root, root_value, None)
        except GraphQLError as error:
            run.log(error, ())
    await _answer(run, plan.following)
    return run.result()


async def _run_serially(run: Run) -> None:
    """Each root field with everything below it, before the next one starts."""
    run.data = {}
    with suppress(IrregularError):
        run.admit(run.plan.doubtful)
    parent: Entry = (run.root_value, run.data, None)
    for planned in run.plan.root.fields:
        run.data[planned.key] = None
        if id(planned) in run.refused:
            run.fail(planned, parent, run.refused[id(planned)])
        elif planned.waits:
            run.frames[run.plan.root.index] = [parent]
            await _answer(run, (planned,))
        else:
            try:
                await complete_field(run, planned, run.root_value, None, run.data)
            except GraphQLError as error:
                run.log(error, ())
            await _answer(run, planned.following)
        if run.stopped:
            return


async def _answer(run: Run, fields: tuple[PlannedField, ...]) -> None:
    """Answer asynchronous fields level by level, one after the other: a request has one connection."""
    waiting = deque(fields)
    answered: set[int] = set()
    while waiting and not run.stopped:
        planned = waiting.popleft()
        if id(planned) in answered or id(planned) in run.refused:
            continue
        if planned.peers:
            answered.update(id(peer) for peer in planned.peers)
            waiting.extend(await _answer_peers(run, (planned, *planned.peers)))
            continue
        entries = run.alive(run.frames[planned.block.index])
        if entries:
            values = await _resolve(run, planned, entries)
            if values is not None:
                await _complete(run, planned, entries, values)
            waiting.extend(planned.following)


async def _answer_peers(run: Run, peers: tuple[PlannedField, ...]) -> list[PlannedField]:
    """Answer one field for parents of several types at once; gives the fields that follow."""
    asked = [(planned, run.alive(run.frames[planned.block.index])) for planned in peers]
    everyone = [entry for _, entries in asked for entry in entries]
    values = await _resolve(run, peers[0], everyone) if everyone else None
    if values is None:
        return []
    start = 0
    for planned, entries in asked:
        if entries:
            await _complete(run, planned, entries, values[start : start + len(entries)])
        start += len(entries)
    return [following for planned in peers for following in planned.following]


async def _resolve(run: Run, planned: PlannedField, entries: list[Entry]) -> list[Any] | None:
    """The values of a field for all its parents; a failure is reported for each of them."""
    kind, given = planned.kind, planned.arguments
    try:
        if given is None:
            arguments = {}
        elif isinstance(given, Refusable):
            arguments = given.convert(run.given[id(planned)])
        else:
            arguments = given(run.variables)
        if isinstance(kind, Batched):
            parents = [entry[0] for entry in entries]
            return checked(await kind.resolve(run.context, parents, planned.selection, **arguments), parents)
    except Exception as error:
        for entry in entries:
            run.fail(planned, entry, error)
        return None
    values: list[Any] = []
    resolve = kind.resolve if isinstance(kind, Single) else None
    for entry in entries:
        try:
            values.append(await resolve(run.context, entry[0], planned.selection, **arguments))  # type: ignore[misc]
        except Exception as error:
            values.append(error)
    return values


async def _complete(run: Run, planned: PlannedField, entries: list[Entry], values: list[Any]) -> None:
    try:
        if planned.doubtful:
            run.admit(planned.doubtful)
        planned.complete(entries, values, run.frames)  # type: ignore[misc]
        return
    except Exception:
        run.forget(planned.below)
    for entry, value in zip(entries, values, strict=True):
        place = (entry[2], planned.key)
        if run.positions and run.is_dead(steps_to(place)):
            continue
        try:
            entry[1][planned.key] = await complete_value(run, planned, planned.shape, place, value)
        except Exception as error:
            run.fail(planned, entry, error)
