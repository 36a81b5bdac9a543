"""Writing the audit trail: no answer without its entry, and one statement for all answers of one moment."""

from __future__ import annotations

import asyncio
import hashlib
import weakref
from collections.abc import Collection
from contextvars import Context as TaskContext
from datetime import datetime
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from models.base.access import Entity, Viewer
from models.base.statements import write
from models.records.audit import AuditEntry, AuditKind, Entry, write_entries
from operations.context import Context

AT_ONCE_MAX = 500
OPERATION_MAX = 200
SOURCE_BYTES = 16
REMEMBERED_MAX = 2_000


class Auditor:
    """Writes the entries of one process. While one batch is being written the next one collects."""

    def __init__(self, *, key: bytes = b"") -> None:
        self._key = key[:64]
        self._waiting: list[tuple[Entry, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None
        # Weakly, as each document is large; an identity is only unique as long as its owner lives, so it is compared.
        self._known: dict[tuple[int, str | None], tuple[weakref.ref[DocumentNode], AuditKind, str]] = {}
        self._hash = lru_cache(maxsize=REMEMBERED_MAX)(self._hashed)

    @property
    def waiting(self) -> int:
        """How many answers wait for their entry."""
        return len(self._waiting)

    async def record(self, context: Context, document: DocumentNode, operation_name: str | None) -> None:
        """Write down whose records this request was about, if it has to be; returns when it is written (ID-6).

        Nothing is left to do for a change whose transaction holds its entry, unless its answer shows others too.
        """
        if context.recorded is not None and context.touched <= context.recorded:
            return
        entry = self.entry(context, document, operation_name)
        if entry is not None:
            await self.write(entry)

    async def record_named(self, context: Context, operation: str) -> None:
        """The same of a request that is not GraphQL, by the name of its address; what changes has told it before."""
        if context.recorded is not None and context.touched <= context.recorded:
            return
        kind = AuditKind.READ if context.recorded is None else AuditKind.CHANGE
        entry = self.entry_of(context, kind, operation)
        if entry is not None:
            await self.write(entry)

    def prepare_named(self, context: Context, operation: str) -> None:
        """Let what a request that is not GraphQL changes hold its entry in its own transaction."""
        context.audit = partial(self.entry_of, context, AuditKind.CHANGE, operation)

    def prepare(self, context: Context, document: DocumentNode, operation_name: str | None) -> None:
        """Let a change write its entry in its own transaction: both are there or neither, for one wait for the disk."""
        if self._what(document, operation_name)[0] is AuditKind.CHANGE:
            context.audit = partial(self.entry, context, document, operation_name)

    def entry(self, context: Context, document: DocumentNode, operation_name: str | None) -> Entry | None:
        """The entry of a request; none if nobody is signed in, or nothing of anybody was read."""
        return self.entry_of(context, *self._what(document, operation_name)) if context.signed_in else None

    def entry_of(self, context: Context, kind: AuditKind, operation: str) -> Entry | None:
        """The same of a request that is told by its kind and name, as one that is not GraphQL."""
        viewer = context.signed_in
        if viewer is None:
            return None
        if kind is AuditKind.READ and not context.touched:
            return None
        students = context.touched if viewer.student_id is None else context.touched | {viewer.student_id}
        return Entry(
            at=context.now,
            kind=kind,
            request_id=context.request_id,
            account_id=viewer.account_id,
            membership_id=viewer.membership_id,
            role=viewer.role,
            operation=operation,
            student_ids=sorted(students),
            source=self._hash(context.source),
        )

    def entry_for(
        self,
        viewer: Viewer,
        kind: AuditKind,
        operation: str,
        *,
        student_ids: Collection[UUID],
        request_id: str,
        source: str,
        at: datetime,
    ) -> Entry:
        """The entry of what somebody did by an address that was made for them, where no token is sent along."""
        return Entry(
            at=at,
            kind=kind,
            request_id=request_id,
            account_id=viewer.account_id,
            membership_id=viewer.membership_id,
            role=viewer.role,
            operation=operation[:OPERATION_MAX],
            student_ids=sorted(student_ids),
            source=self._hash(source),
        )

    async def write(self, entry: Entry) -> None:
        """Write an entry together with all others that wait."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, written))
        if self._task is None:
            # In a context of its own: it serves many requests and must not stay inside one's transaction.
            self._task = asyncio.create_task(self._write_all(), context=TaskContext())
        await written

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # whoever is ready in the same tick joins
                batch, self._waiting = self._waiting[:AT_ONCE_MAX], self._waiting[AT_ONCE_MAX:]
                try:
                    await write_entries([entry for entry, _ in batch])
                    error = None
                except Exception as failure:
                    error = failure
                for _, written in batch:
                    if written.done():
                        continue  # its request was given up meanwhile
                    if error is None:
                        written.set_result(None)
                    else:
                        written.set_exception(error)
        finally:
            self._task = None

    def _what(self, document: DocumentNode, operation_name: str | None) -> tuple[AuditKind, str]:
        """Whether the operation changes anything, and what it is called: names of ours, never its text."""
        key = (id(document), operation_name)
        known = self._known.get(key)
        if known is None or known[0]() is not document:
            if len(self._known) >= REMEMBERED_MAX:
                self._known.clear()
            known = self._known[key] = (weakref.ref(document), *described(document, operation_name))
        return known[1], known[2]

    def _hashed(self, source: str) -> bytes:
        """An address that can be compared, and read by nobody who has not the key."""
        return hashlib.blake2b(source.encode(), key=self._key, digest_size=SOURCE_BYTES).digest()


class ChangeEntry:
    """The entry of the audit trail in the transaction of a change: both are there or neither (ID-6).

    It travels with the first rows that the verb writes if it is known by then whom the change is about, and is written
    at the end otherwise. A second one follows where the answer shows others too.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._by = context.signed_in
        self.students = context.recorded

    def early(self) -> AuditEntry | None:
        """The row that may travel, if whose record is changed is known."""
        entry = self._due()
        return self._told(entry) if entry is not None and entry.student_ids else None

    async def write(self) -> None:
        """Write what did not travel."""
        entry = self._due()
        if entry is not None:
            await write(self._told(entry))

    def _due(self) -> Entry | None:
        """What is to be told still; nothing if this transaction says it all, or one before it in the same request."""
        context = self._context
        is_told = self.students is not None and self._by == context.signed_in and context.touched <= self.students
        return None if is_told or context.audit is None else context.audit()

    def _told(self, entry: Entry) -> AuditEntry:
        self.students, self._by = frozenset(self._context.touched), self._context.signed_in
        return entry.row()


def described(document: DocumentNode, operation_name: str | None) -> tuple[AuditKind, str]:
    """The kind of an operation and its name; of a mutation, and of what has no name, the root fields."""
    fragments = {item.name.value: item for item in document.definitions if isinstance(item, FragmentDefinitionNode)}
    operation = next(
        item
        for item in document.definitions
        if isinstance(item, OperationDefinitionNode)
        and (operation_name is None or (item.name is not None and item.name.value == operation_name))
    )
    changes = operation.operation is OperationType.MUTATION
    if operation.name is not None and not changes:
        return AuditKind.READ, operation.name.value[:OPERATION_MAX]
    names = ", ".join(dict.fromkeys(root_fields(operation.selection_set, fragments)))
    return AuditKind.CHANGE if changes else AuditKind.READ, names[:OPERATION_MAX]


def root_fields(selected: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]) -> list[str]:
    """The names of the fields at the root, through fragments."""
    names: list[str] = []
    for selection in selected.selections:
        if isinstance(selection, FieldNode):
            names.append(selection.name.value)
        elif isinstance(selection, FragmentSpreadNode):
            names.extend(root_fields(fragments[selection.name.value].selection_set, fragments))
        else:
            names.extend(root_fields(selection.selection_set, fragments))  # type: ignore[attr-defined]
    return names


def note(context: Context, result: Any) -> None:
    """Note whose records a mutation answers, for the audit trail (ID-6)."""
    for value in result.values() if isinstance(result, dict) else (result,):
        if isinstance(value, Entity):
            context.touch(type(value), [value])
