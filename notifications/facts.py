"""The facts of a mail's event, read by ids at sending, and nothing clinical among them (NO-2).

The list of columns is the guarantee: a message can say only what stands here, and no concern, diagnosis, service,
specialty or free text of a person does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from models.accounts.links import token_of
from models.accounts.recipients import LINK_ID
from models.appointments.appointments import ATTEST_LATE_WITHIN
from models.base.statements import fetch

ZONE_OF_ACCOUNT = """
SELECT coalesce(students.time_zone, providers.time_zone, schools.time_zone) AS time_zone
  FROM memberships
  LEFT JOIN students ON students.id = memberships.student_id
  LEFT JOIN providers ON providers.id = memberships.provider_id
  LEFT JOIN schools ON schools.id = memberships.school_id
 WHERE memberships.account_id = accounts.id AND memberships.ended_at IS NULL
 ORDER BY memberships.id LIMIT 1
"""

CRISIS_LINE_OF_ACCOUNT = """
SELECT schools.crisis_line
  FROM memberships JOIN schools ON schools.id = memberships.school_id
 WHERE memberships.account_id = accounts.id AND memberships.role = 'STUDENT' AND memberships.ended_at IS NULL
 ORDER BY memberships.id LIMIT 1
"""

FACTS = f"""
SELECT m.id AS mail_id, m.recipient, e.id AS event_id, e.provider_id, e.actor_role, e.data, e.at AS event_at,
       a.id AS appointment_id, a.status, a.starts_at, a.ends_at, a.requested_at, a.confirm_by, a.attest_by,
       a.expected_cents, a.telehealth_link,
       s.name AS student_name, s.time_zone AS student_zone,
       p.name AS provider_name, p.time_zone AS provider_zone, p.searchable,
       schools.name AS school_name,
       CASE WHEN m.recipient = 'STUDENT' THEN home.crisis_line
            WHEN invitations.student_id IS NOT NULL THEN inviting.crisis_line
            ELSE studies.crisis_line END AS crisis_line,
       c.id AS claim_id, c.amount_cents AS claim_cents,
       g.expires_at AS credits_expire_at, w.available AS credits_available,
       asked.id AS credit_request_id, asked.credits AS credits_asked, asked.status AS credit_request_status,
       accounts.name AS account_name, lives.time_zone AS account_zone,
       links.id AS link_id, links.expires_at AS link_expires_at,
       invitations.name AS invited_name, coalesce(practices.name, inviting.name) AS inviter_name,
       inviting.time_zone AS inviter_zone,
       licenses.id AS license_id, licenses.state AS license_state, licenses.verified_at AS license_verified_at,
       keys.id AS key_id, keys.name AS key_name, keys.expires_at AS key_expires_at,
       keys.revoked_at IS NULL AND following.id IS NULL AS key_goes_on, schools.time_zone AS school_zone,
       member_accounts.name AS member_name, members.revalidate_by, members.validated_at,
       members.ended_at AS member_ended_at
  FROM mails m
  JOIN events e ON e.id = m.event_id
  LEFT JOIN appointments a ON a.id = e.appointment_id
  LEFT JOIN students s ON s.id = e.student_id
  LEFT JOIN schools home ON home.id = s.school_id
  LEFT JOIN providers p ON p.id = e.provider_id
  LEFT JOIN schools ON schools.id = e.school_id
  LEFT JOIN licenses ON licenses.id = e.subject_id AND e.subject_type = 'lic'
  LEFT JOIN partner_keys keys ON keys.id = e.subject_id AND e.subject_type = 'key'
  LEFT JOIN partner_keys following ON following.replaces_id = keys.id
  LEFT JOIN claims c ON c.id = e.subject_id AND e.subject_type = 'clm'
  LEFT JOIN grants g ON g.id = e.subject_id AND e.subject_type = 'grt'
  LEFT JOIN wallets w ON w.id = g.wallet_id
  LEFT JOIN credit_requests asked ON (e.subject_type = 'crq' AND asked.id = e.subject_id) OR asked.grant_id = g.id
  LEFT JOIN secret_links links ON links.id = {LINK_ID}
  LEFT JOIN invitations ON invitations.id = e.subject_id AND e.subject_type = 'inv'
  LEFT JOIN schools inviting ON inviting.id = invitations.school_id
  LEFT JOIN memberships members ON members.id = e.subject_id AND e.subject_type = 'mem'
  LEFT JOIN accounts member_accounts ON member_accounts.id = members.account_id
  LEFT JOIN practices ON practices.id = coalesce(invitations.practice_id, members.practice_id)
  LEFT JOIN memberships owning ON owning.practice_id = members.practice_id AND owning.is_owner
        AND owning.ended_at IS NULL
  LEFT JOIN accounts ON accounts.id = CASE e.subject_type WHEN 'acc' THEN e.subject_id ELSE owning.account_id END
  LEFT JOIN LATERAL ({ZONE_OF_ACCOUNT}) lives ON true
  LEFT JOIN LATERAL ({CRISIS_LINE_OF_ACCOUNT}) studies ON true
 WHERE m.id = ANY ($1)
"""

BECAME_SEARCHABLE = """
SELECT 1 FROM events e
 WHERE e.id = $1
   AND EXISTS (SELECT 1 FROM events other WHERE other.provider_id = e.provider_id AND other.id < e.id
                  AND other.verb IN ('license.verified', 'enrollment.activated') AND other.verb <> e.verb)
   AND NOT EXISTS (SELECT 1 FROM events same WHERE same.provider_id = e.provider_id AND same.id < e.id
                      AND same.verb = e.verb)
"""


async def mail_facts(mail_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """The facts of several mails at once, by the id of the mail."""
    return {row.mail_id: row for row in await fetch(FACTS, list(mail_ids))}


async def is_still_true(template: str, facts: Any, at: datetime) -> bool:
    """Whether the message is still worth reading: a reminder of what was done meanwhile is not."""
    if template == "profile_live":
        return bool(facts.searchable and await fetch(BECAME_SEARCHABLE, facts.event_id))
    if template in LINKED:
        return facts.link_id is not None and await token_of(facts.link_id, at=at) is not None
    condition = STILL_TRUE.get(template)
    return condition is None or condition(facts, at)


def may_be_attested_late(facts: Any, at: datetime) -> bool:
    """Whether a lapsed session can still be attested, as its messages say (AP-10)."""
    return bool(facts.status == "LAPSED" and at < facts.attest_by + ATTEST_LATE_WITHIN)


STILL_TRUE: Mapping[str, Callable[[Any, datetime], bool]] = {
    "request_reminder": lambda facts, at: facts.status == "REQUESTED" and at < facts.confirm_by,
    "session_reminder_for_student": lambda facts, at: facts.status == "CONFIRMED" and at < facts.starts_at,
    "session_reminder_for_provider": lambda facts, at: facts.status == "CONFIRMED" and at < facts.starts_at,
    "revalidation_due": lambda facts, at: facts.member_ended_at is None and facts.validated_at <= facts.event_at,
    "key_expires": lambda facts, at: facts.key_goes_on and at < facts.key_expires_at,
    "license_submitted": lambda facts, at: facts.license_verified_at is None,
    "credits_requested": lambda facts, at: facts.credit_request_status == "OPEN",
    "attestation_due": lambda facts, at: facts.status == "CONFIRMED" and at < facts.attest_by,
    **dict.fromkeys(("lapsed_for_provider", "lapsed_for_practice", "lapsed_for_ops"), may_be_attested_late),
}
"""What must hold at sending. A message that is not named here is sent however late it is."""


LINKED = frozenset({"invitation", "verify_address", "reset_password"})
"""The templates that carry a secret link; a link that was used or has ended is not worth a mail."""
