"""Sessions that this process has cached, so that a request need not look one up before it asks anything else.

What is cached may be out of date. It comes with a stamp that PostgreSQL changes with anything that a viewer is made of,
and the first statement of a request compares it (`session_stamp`): a revoked session ends at once, as ID-2 asks, and no
message has to arrive for it. Nothing is answered before that, and nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.accounts.accounts import INACTIVITY
from models.accounts.last_used import EVERY, SEEN
from models.base.access import Role, Viewer

CACHED_MAX = 50_000
"""As many as act in one process within a quarter of an hour, within this bound; some 50 megabytes at the most."""

ROLES = frozenset({Role.STUDENT, Role.PROVIDER, Role.SCHOOL})
"""Staff, who may send any document, and office users, whose access lapses, are looked up for each request."""

STALE = "FC001"
"""The SQLSTATE of `prove_session` when a stamp is not what it was."""


@dataclass(slots=True)
class CachedSession:
    """A session as it was when it was last looked up, and the stamp by which a statement sees whether it still is."""

    viewer: Viewer
    token_hash: bytes
    stamp: str
    ends_at: datetime
    seen_at: datetime

    @property
    def check(self) -> str:
        """The statement, without parameters, that fails with STALE unless the session is as it was."""
        return f"SELECT prove_session('\\x{self.token_hash.hex()}', '{self.stamp}');"


class SessionCache:
    """Those of one process, the latest that were looked up."""

    def __init__(self) -> None:
        self._known: dict[bytes, CachedSession] = {}

    def find(self, token_hash: bytes, *, at: datetime) -> CachedSession | None:
        """The session, unless its time is over by what is known here: then it has to be looked up."""
        known = self._known.get(token_hash)
        if known is None or at >= known.ends_at or at - known.seen_at >= INACTIVITY[known.viewer.role]:
            return None
        if at - known.seen_at >= EVERY and known.viewer.session_id is not None:
            known.seen_at = at
            SEEN.note(known.viewer.session_id, at=at)
        return known

    def keep(self, known: CachedSession) -> None:
        """Cache a session that has just been looked up, if it is of a kind that is cached."""
        if known.viewer.role not in ROLES or known.viewer.needs_second_factor:
            return
        self._known.pop(known.token_hash, None)
        if len(self._known) >= CACHED_MAX:
            del self._known[next(iter(self._known))]
        self._known[known.token_hash] = known

    def forget(self, token_hash: bytes) -> None:
        """A session was found to have ended."""
        self._known.pop(token_hash, None)


SESSIONS = SessionCache()
"""One for a process."""
