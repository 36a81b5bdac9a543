"""The way through a plan: levels of plain fields, and between them one call for each asynchronous field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from graphql import ExecutionResult, GraphQLError
from graphql.execution.values import VariableValues

from execution.arguments import Refusable
from execution.completion import complete_field, complete_fields, complete_pending, put_value
from execution.core_path import checked
from execution.deferral import Gathering
from execution.fields import Batched, Single
from execution.leaves import IrregularError
from execution.plan import Entry, Plan, PlannedField
from execution.run import Run, steps_to

# A field, one of its parents, and the value of the field for that.
Answered = tuple[PlannedField, Entry, Any]


async def run_plan(plan: Plan, context: Any, root_value: Any, variables: VariableValues) -> ExecutionResult:
    """Execute an operation."""
    run = Run(plan, context, root_value, variables)
    if plan.serial:
        await _run_serially(run)
        return run.result()
    try:
        if plan.refusable:
            run.admit(plan.refusable)
        run.data = plan.complete(root_value, None, run.frames)  # type: ignore[misc]
    except Exception:
        run.forget(tuple({planned.block.index for planned in plan.following}))
        try:
            run.data = complete_fields(run, plan.root, root_value, None)
        except GraphQLError as error:
            run.log(error, ())
        await complete_pending(run)
    await _answer(run, plan.following)
    return run.result()


async def _run_serially(run: Run) -> None:
    """Each root field with everything below it, before the next one starts."""
    run.data = {}
    with suppress(IrregularError):
        run.admit(run.plan.refusable)
    parent: Entry = (run.root_value, run.data, None)
    for planned in run.plan.root.fields:
        run.data[planned.key] = None
        if id(planned) in run.refused:
            run.fail(planned, (None, planned.key), run.refused[id(planned)])
        elif planned.waits:
            run.frames[run.plan.root.index] = [parent]
            await _answer(run, (planned,))
        else:
            try:
                complete_field(run, planned, run.root_value, None, run.data)
            except GraphQLError as error:
                run.log(error, ())
            await complete_pending(run)
            await _answer(run, planned.following)
        if run.stopped:
            return


async def _answer(run: Run, fields: Sequence[PlannedField]) -> None:
    """Answer asynchronous fields level by level: their values in the fields' order, what they defer together."""
    waiting = fields
    answered: set[int] = set()
    while waiting:
        level, waiting = waiting, []
        early = await _resolve_together(run, level) if len(level) > 1 else {}
        for planned in level:
            if run.stopped:
                return
            if id(planned) in answered or id(planned) in run.refused:
                continue
            if planned.peers:
                answered.update(id(peer) for peer in planned.peers)
                waiting.extend(await _answer_peers(run, (planned, *planned.peers)))
                continue
            if id(planned) in early:
                entries, values = _survivors(run, *early[id(planned)])
            else:
                entries = _entries(run, planned)
                values = await _resolve(run, planned, entries) if entries else []
            if entries:
                if not _complete_quickly(run, planned, entries, values):
                    left = ((planned, entry, value) for entry, value in zip(entries, values, strict=True))
                    await _complete_carefully(run, left)
                waiting.extend(planned.following)


def _entries(run: Run, planned: PlannedField) -> list[Entry]:
    """The parents that a field is still to be answered for."""
    return run.alive(run.frames[planned.block.index])


async def _resolve_together(run: Run, level: Sequence[PlannedField]) -> dict[int, tuple[list[Entry], list[Any]]]:
    """The parents of those fields of a level that may defer something, and their values, by the fields' identities."""
    asked = {id(planned): planned for planned in level if planned.may_defer and id(planned) not in run.refused}
    parents = {known: entries for known, planned in asked.items() if (entries := _entries(run, planned))}
    if len(parents) < 2:
        return {}
    found = await Gathering([_resolve(run, asked[known], entries) for known, entries in parents.items()])
    return {known: (parents[known], values) for known, values in zip(parents, found, strict=True)}


def _survivors(run: Run, entries: list[Entry], values: list[Any]) -> tuple[list[Entry], list[Any]]:
    """The parents that are still part of the answer after their values were asked for, and their values."""
    if not run.positions:
        return entries, values
    alive = [pair for pair in zip(entries, values, strict=True) if not run.is_dead(steps_to(pair[0][2]))]
    return [entry for entry, _ in alive], [value for _, value in alive]


async def _answer_peers(run: Run, peers: tuple[PlannedField, ...]) -> list[PlannedField]:
    """Answer one field for parents of several types at once; gives the fields that follow."""
    asked = [(planned, _entries(run, planned)) for planned in peers]
    everyone = [entry for _, entries in asked for entry in entries]
    values = await _resolve(run, peers[0], everyone) if everyone else []
    start = 0
    left: list[Answered] = []
    for planned, entries in asked:
        its = values[start : start + len(entries)]
        if entries and not _complete_quickly(run, planned, entries, its):
            left += ((planned, entry, value) for entry, value in zip(entries, its, strict=True))
        start += len(entries)
    await _complete_carefully(run, left)
    return [following for planned in peers for following in planned.following]


async def _resolve(run: Run, planned: PlannedField, entries: list[Entry]) -> list[Any]:
    """The values of a field for all its parents; an exception among them is the error of its parent."""
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
        return [error] * len(entries)
    values: list[Any] = []
    resolve = kind.resolve if isinstance(kind, Single) else None
    for entry in entries:
        try:
            values.append(await resolve(run.context, entry[0], planned.selection, **arguments))  # type: ignore[misc]
        except Exception as error:
            values.append(error)
    return values


def _complete_quickly(run: Run, planned: PlannedField, entries: list[Entry], values: list[Any]) -> bool:
    """Complete the values of a field by its generated code; False if they need care."""
    try:
        if planned.refusable:
            run.admit(planned.refusable)
        planned.complete(entries, values, run.frames)  # type: ignore[misc]
    except Exception:
        run.forget(planned.below)
        return False
    return True


async def _complete_carefully(run: Run, left: Iterable[Answered]) -> None:
    """Complete values one by one, in the order in which their parents stand in the answer."""
    for planned, entry, value in sorted(left, key=lambda answered: _indices(answered[1])):
        place = (entry[2], planned.key)
        if run.positions and run.is_dead(steps_to(place)):
            continue
        try:
            put_value(run, planned, entry, value)
        except Exception as error:
            run.fail(planned, place, error)
        if run.pending:
            await complete_pending(run)


def _indices(entry: Entry) -> list[int]:
    """Where a parent stands among all that one field is answered for: their paths differ in indices only."""
    return [step for step in steps_to(entry[2]) if isinstance(step, int)]
