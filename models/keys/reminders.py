"""Keys that expire soon: their keepers are told once, in time to rotate them (ID-5)."""

from __future__ import annotations

from datetime import datetime, timedelta

from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.statements import Update, fetch, transaction, write
from models.keys.partner_keys import PartnerKey

REMIND_BEFORE = timedelta(days=14)
AT_ONCE_MAX = 100

DUE = """
SELECT k.id FROM partner_keys k
 WHERE k.warned_at IS NULL AND k.revoked_at IS NULL AND k.expires_at > $1 AND k.expires_at <= $1 + $2::interval
   AND k.expires_at > k.created_at + $2::interval
   AND NOT EXISTS (SELECT FROM partner_keys following WHERE following.replaces_id = k.id)
 ORDER BY k.expires_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
"""
"""Keys that end within two weeks, untold; not those that were made for less, nor those that were rotated already."""


async def remind(*, at: datetime) -> int:
    """Note of each key, once, that it expires soon; the worker calls it. Says how many were noted.

    The note stands in the locked row, so that of two workers one finds it.
    """
    async with transaction():
        ids = [row.id for row in await fetch(DUE, at, REMIND_BEFORE, AT_ONCE_MAX)]
        keys = await PartnerKey.filter(id__in=ids)
        for key in keys:
            await write(Update(key, warned_at=at), new_event(EventVerb.PARTNER_KEY_EXPIRY_DUE, key, by=None, at=at))
    return len(keys)
