"""The words of a message: its facts made ready for a template, each name on one line, each link safe to follow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from models.accounts.links import token_of
from models.accounts.recipients import ACCOUNT, FORMER, LINK, OPS
from models.appointments.alternatives import other_openings
from models.appointments.recipients import OFFICE, PRACTICE
from models.base.amounts import Money
from models.base.ids import encode
from models.credits.credit_requests import DECIDED_WITHIN, CreditDecisionReason
from models.directory.licenses import VERIFIED_WITHIN
from models.directory.recipients import PROVIDER
from models.keys.recipients import KEEPER
from models.schools.recipients import SCHOOL, STUDENT
from notifications.facts import LINKED
from notifications.site import Site

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NAME_LENGTH_MAX = 80
NATIONAL_CRISIS_LINE = "988"
WHY: Mapping[CreditDecisionReason, str] = {
    CreditDecisionReason.LIMIT_REACHED: "You have as many credits as your school gives to one student.",
    CreditDecisionReason.BUDGET_SPENT: "Your school has no more credits to give at the moment.",
    CreditDecisionReason.CENTER_PROVIDES_CARE: "Your school looks after you itself.",
    CreditDecisionReason.OTHER_CARE_ARRANGED: "Something else has been arranged with you.",
    CreditDecisionReason.NOT_ELIGIBLE: "Your school gives no more credits to you at the moment.",
}
"""What a student is told of a school's reason to decline."""


async def words_of(template: str, facts: Any, *, at: datetime, site: Site) -> dict[str, Any]:
    """Everything that a template may show, each name on one line, and the recipient's time zone."""
    data = orjson.loads(facts.data) if isinstance(facts.data, str) else facts.data
    words = {
        "address": site.address,
        "product": site.product,
        "support_email": site.support_email,
        "sign_in": site.sign_in,
        "appointments": site.appointments,
        "link": site.address,
        "name": name_of(facts),
        "zone": zone_of(facts),
        "student": first_name(facts.student_name),
        "provider": one_line(facts.provider_name),
        "school": one_line(facts.school_name),
        "by_role": facts.actor_role,
        "by_self": data.get("by_self", False),
        "changed_at": facts.event_at,
        "credit_is_back": data.get("credit") == "RELEASE",
        "for_student": facts.crisis_line is not None,
        "crisis_line": "" if facts.crisis_line == NATIONAL_CRISIS_LINE else one_line(facts.crisis_line),
    }
    if facts.appointment_id is not None:
        words |= words_of_appointment(facts, site, at)
    if facts.claim_id is not None:
        words |= {"claim": site.claim(facts.claim_id), "amount": dollars(facts.claim_cents)}
    if facts.credits_available is not None:
        words |= {
            "credits": data["credits"],
            "credits_available": facts.credits_available,
            "credits_expire_at": facts.credits_expire_at,
        }
    words["corrected_to"] = data.get("target", "")
    words["credits_asked"] = facts.credits_asked
    if facts.credit_request_id is not None:
        words |= {
            "credit_request": encode("crq", facts.credit_request_id),
            "decide_by": facts.event_at + DECIDED_WITHIN,
            "why": WHY[CreditDecisionReason(data["reason"])] if template == "credits_declined" else "",
        }
    if template in LINKED:
        words |= await words_of_link(template.replace("_", "-"), facts, site, at)
    if facts.revalidate_by is not None:
        words |= {
            "member": one_line(facts.member_name),
            "practice": one_line(facts.inviter_name),
            "revalidate_by": facts.revalidate_by,
        }
    if facts.license_id is not None:
        words |= {
            "license": encode("lic", facts.license_id),
            "license_state": facts.license_state,
            "verify_by": facts.event_at + VERIFIED_WITHIN,
        }
    if facts.key_id is not None:
        words |= {
            "key": one_line(facts.key_name),
            "key_id": encode("key", facts.key_id),
            "key_expires_at": facts.key_expires_at,
        }
    if template == "expired_for_student":
        words["openings"] = [
            (opening.starts_at, one_line(opening.provider_name))
            for opening in await other_openings(facts.appointment_id, at=at)
        ]
    return words


def words_of_appointment(facts: Any, site: Site, at: datetime) -> dict[str, Any]:
    """What a message says of a session: when, how long, until when an answer or an attestation is due."""
    return {
        "link": site.appointment(facts.appointment_id),
        "starts_at": facts.starts_at,
        "minutes": (facts.ends_at - facts.starts_at) // MINUTE,
        "confirm_by": facts.confirm_by,
        "hours_to_answer": (facts.confirm_by - facts.requested_at) // HOUR,
        "hours_left": max((facts.confirm_by - at) // HOUR, 0),
        "attest_by": facts.attest_by - MINUTE,  # the deadline is midnight; people take 12:00 AM for the day before
        "expected": None if facts.expected_cents is None else dollars(facts.expected_cents),
        "telehealth_link": web_address(facts.telehealth_link),
    }


def name_of(facts: Any) -> str:
    """How the recipient is greeted: by the first name."""
    names = {
        STUDENT.name: facts.student_name,
        PROVIDER.name: facts.provider_name,
        LINK.name: facts.invited_name or facts.account_name,
    }
    return first_name(names.get(facts.recipient, facts.account_name))


async def words_of_link(page: str, facts: Any, site: Site, at: datetime) -> dict[str, Any]:
    """What a message with a secret link says."""
    token = await token_of(facts.link_id, at=at)
    return {
        "link": site.secret(page, token),
        "code": token,
        "link_expires_at": facts.link_expires_at,
        "inviter": one_line(facts.inviter_name),
    }


def zone_of(facts: Any) -> ZoneInfo:
    """The recipient's time zone, as far as it is known."""
    zones = {
        STUDENT.name: facts.student_zone,
        PROVIDER.name: facts.provider_zone,
        LINK.name: facts.account_zone or facts.inviter_zone or facts.provider_zone,
        ACCOUNT.name: facts.account_zone,
        FORMER.name: facts.account_zone,
        OFFICE.name: facts.provider_zone,
        PRACTICE.name: facts.provider_zone,
        OPS.name: facts.provider_zone,
        KEEPER.name: facts.school_zone,
        SCHOOL.name: facts.school_zone,
    }
    return ZoneInfo(zones.get(facts.recipient, facts.account_zone) or "UTC")


def one_line(name: str | None) -> str:
    """A name as one line of printable text, so that it can forge neither a header nor the look of a message."""
    printable = "".join(character if character.isprintable() else " " for character in name or "")
    return " ".join(printable.split())[:NAME_LENGTH_MAX]


def first_name(name: str | None) -> str:
    """The first of a person's names, without a title before it: Noor, of Dr. Noor Haddad."""
    names = one_line(name).split()
    return next((one for one in names if not one.endswith(".")), names[0] if names else "")


def dollars(cents: int) -> str:
    """An amount as people in the United States write it."""
    return f"${Money(cents)}"


def web_address(link: str | None) -> str:
    """A link that leads to the web and nowhere else, or nothing."""
    return link if link and link.startswith(("https://", "http://")) and link.isprintable() and " " not in link else ""
