"""The words of a letter that has everything a template may ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from notifications.letters import TEMPLATES
from notifications.site import Site

SITE = Site(address="https://credits.example.test", support_email="help@credits.example.test")

TEMPLATE_NAMES = sorted(path.stem for path in TEMPLATES.glob("*.jinja"))


def words(site: Site = SITE, **changes: Any) -> dict[str, Any]:
    """Everything that a template may ask for, with the links of this site."""
    at = datetime(2026, 11, 24, 14, tzinfo=UTC)
    return {
        "address": site.address,
        "product": site.product,
        "support_email": site.support_email,
        "for_student": True,
        "crisis_line": "1-555-010-4567",
        "sign_in": site.sign_in,
        "appointments": site.appointments,
        "link": f"{site.appointments}/apt_1",
        "claim": f"{site.address}/claims/clm_1",
        "name": "Ana",
        "zone": ZoneInfo("America/New_York"),
        "student": "Ana",
        "provider": "Noor Haddad",
        "school": "Lakeview University",
        "by_role": "PROVIDER",
        "by_self": True,
        "credit_is_back": True,
        "starts_at": at,
        "minutes": 60,
        "confirm_by": at - timedelta(days=1),
        "hours_to_answer": 72,
        "hours_left": 2,
        "attest_by": at + timedelta(days=30),
        "expected": "$125.00",
        "telehealth_link": "https://telehealth.example.test/room",
        "amount": "$125.00",
        "credits": 3,
        "credits_available": 5,
        "corrected_to": "AVAILABLE",
        "credits_asked": 6,
        "credit_request": "crq_01kbb0000000000000000000000",
        "decide_by": at + timedelta(days=7),
        "why": "Your school has no more credits to give at the moment.",
        "credits_expire_at": at,
        "openings": [(at + timedelta(days=2), "Noor Haddad")],
        "code": "fc_link_1",
        "link_expires_at": at,
        "inviter": "Lakeview University",
        "member": "Kim Park",
        "practice": "Harbor Group",
        "revalidate_by": at,
        "changed_at": at,
        "key": "Calendar",
        "key_id": "key_01kbb0000000000000000000000",
        "key_expires_at": at,
        "license": "lic_01kbb0000000000000000000000",
        "license_state": "MA",
        "verify_by": at + timedelta(hours=48),
    } | changes
