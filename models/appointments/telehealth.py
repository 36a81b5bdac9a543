"""Consent to sessions by video, as the two people of a live appointment see it (EN-7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from models.base.statements import fetch

CONSENT_OF = """
SELECT appointments.id AS appointment_id, consents.given_at, consent_texts.version
  FROM appointments
  JOIN consents ON consents.person_id = appointments.person_id AND consents.purpose = 'TELEHEALTH'
       AND consents.withdrawn_at IS NULL
  JOIN consent_texts ON consent_texts.id = consents.consent_text_id
 WHERE appointments.id = ANY ($1) AND appointments.ended_at IS NULL
"""
"""The live consent of the person of each live appointment; by person, whichever school pays (ID-7)."""


async def telehealth_consents(appointment_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """For each live appointment whose person consents since when (`given_at`) and by which `version` of the text."""
    return {row.appointment_id: row for row in await fetch(CONSENT_OF, list(appointment_ids))}
