"""What a request knows: who asks, when, and whose records it has touched."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from graphql import GraphQLError

from models.accounts import sessions
from models.accounts.session_cache import CachedSession
from models.base.access import Entity, Role, Viewer
from models.base.errors import Code
from models.base.scopes import Needed, Scope, fix_of, message_of
from models.base.statements import column_of
from models.records.audit import Entry
from operations.broker import Broker


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """What the program was started with, as far as answering a request depends on it."""

    address: str = "http://127.0.0.1:8000"
    product: str = "Flexible Credits"
    clock_is_movable: bool = False
    demo: bool = False
    second_factor_required: bool = True
    production: bool = True
    broker: Broker = field(default_factory=Broker)


@dataclass(kw_only=True, slots=True)
class Context:
    """One request. The clock is read once, at the edge; `loaders` is made anew, so that nobody sees another's rows.

    `audit` gives the entry of the audit trail for the transaction of a change; `recorded` are the students whom an
    entry that was committed names. `unchecked_session` is the session as this process has it cached, until the database
    has said in this request that it still is so. `replayed` tells that an answer was kept with its idempotency key.
    """

    signed_in: Viewer | None
    now: datetime
    request_id: str = ""
    source: str = ""
    environment: Environment = field(default_factory=Environment)
    loaders: dict[Any, Any] = field(default_factory=dict)
    touched: set[UUID] = field(default_factory=set)
    charged: bool = False
    audit: Callable[[], Entry | None] | None = field(default=None, repr=False)
    recorded: frozenset[UUID] | None = None
    token: str | None = field(default=None, repr=False)
    unchecked_session: CachedSession | None = field(default=None, repr=False)
    replayed: bool = False

    @property
    def viewer(self) -> Viewer:
        """Who asks. Raises UNAUTHENTICATED when nobody is signed in."""
        if self.signed_in is None:
            raise unauthenticated()
        return self.signed_in

    async def check_session(self) -> None:
        """Look the session up, unless a statement has checked it. Raises UNAUTHENTICATED when it has ended (ID-2)."""
        if self.unchecked_session is None:
            return
        found = await sessions.viewer_of(
            self.token or "", second_factor_required=self.environment.second_factor_required, at=self.now
        )
        if found is None:
            raise session_has_ended()
        if found != self.signed_in:
            raise second_factor_required()  # nothing else about a live session changes: its factor was removed
        self.unchecked_session = None

    def touch(self, model: type[Entity], rows: Iterable[Any]) -> None:
        """Note the students whose records these rows are part of, for the audit trail (ID-6)."""
        if model.RECORD_OF is not None:
            self.touch_students(column_of((row for row in rows if row is not None), model.RECORD_OF))

    def touch_students(self, ids: Iterable[UUID | None]) -> None:
        """Note these students, as somebody else is about to see something of their records (ID-6)."""
        if self.signed_in is not None and self.signed_in.role is not Role.STUDENT:
            self.touched.update(id for id in ids if id is not None)


def refused_at_the_edge(code: str, message: str, **extensions: Any) -> GraphQLError:
    """A top-level error with a code that a program can act upon."""
    return GraphQLError(message, extensions={"code": code, **extensions})


def unauthenticated() -> GraphQLError:
    """Nobody is signed in."""
    return refused_at_the_edge("UNAUTHENTICATED", "Sign in first.")


def session_has_ended() -> GraphQLError:
    """The token of this request holds no longer."""
    return refused_at_the_edge("UNAUTHENTICATED", "This session has ended. Sign in again.")


def key_has_ended() -> GraphQLError:
    """The key of this request holds no longer, or never was one."""
    words = "This key is unknown, revoked or expired, or its practice has no owner."
    return refused_at_the_edge("UNAUTHENTICATED", words, rule="ID-5")


def forbidden() -> GraphQLError:
    """The viewer's role is not in the field's audience."""
    return refused_at_the_edge("FORBIDDEN", "Your role may not do this.")


def second_factor_required() -> GraphQLError:
    """The session's role needs a second factor, and none was enrolled yet."""
    return refused_at_the_edge(
        "SECOND_FACTOR_REQUIRED",
        "This role needs a second factor: enrol one before anything else.",
        rule="ID-1",
        fix="Call enrolSecondFactor, then confirmSecondFactor with a code of the authenticator.",
    )


def insufficient_scope(needed: Needed) -> GraphQLError:
    """The key that asks is not for this (ID-5)."""
    told = {"scope": needed.value} if isinstance(needed, Scope) else {}
    return refused_at_the_edge(
        Code.INSUFFICIENT_SCOPE.value, message_of(needed), rule="ID-5", fix=fix_of(needed), **told
    )


def busy() -> GraphQLError:
    """Too many want the same thing at once; nothing was changed."""
    return refused_at_the_edge("BUSY", "The server is busy. Nothing was changed; try again in a moment.")


def bad_input(message: str, **extensions: Any) -> GraphQLError:
    """An argument that no rule of the schema could refuse."""
    return refused_at_the_edge("BAD_INPUT", message, **extensions)
