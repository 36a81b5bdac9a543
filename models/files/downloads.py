"""Addresses by which a file is read: sealed, for one session of one membership, for minutes (FI-1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from models.base.access import Viewer
from models.base.encryption import UnopenableError, open_token, seal_token

LASTS = timedelta(minutes=5)
BOUND = b"files:download"
ID_BYTES = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """What an address says: which file, for whom, until when."""

    file_id: UUID
    session_id: UUID
    expires_at: datetime


def token_for(file_id: UUID, viewer: Viewer, *, at: datetime) -> tuple[str, datetime] | None:
    """The secret of an address for this viewer, and when it ends; None for a machine, which has no session.

    It is a sealed text and no row: whether the viewer still reaches the file is asked when it is read.
    """
    if viewer.session_id is None:
        return None
    ends = (at + LASTS).replace(microsecond=0)
    content = file_id.bytes + viewer.session_id.bytes + int(ends.timestamp()).to_bytes(8, "big")
    return seal_token(content, BOUND), ends


def opened(token: str, *, at: datetime) -> Download | None:
    """What an address says; None for one that is none of ours, or has ended."""
    try:
        content = open_token(token, BOUND)
    except UnopenableError:
        return None
    file_id, session_id = UUID(bytes=content[:ID_BYTES]), UUID(bytes=content[ID_BYTES : 2 * ID_BYTES])
    ends = datetime.fromtimestamp(int.from_bytes(content[2 * ID_BYTES :], "big"), UTC)
    return None if at >= ends else Download(file_id=file_id, session_id=session_id, expires_at=ends)
