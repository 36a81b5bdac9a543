"""What can be booked: the one condition behind openings, preflight, requests and alternatives (AV-4, AP-1 to AP-4).

A reason that lies in the opening hides it. License, rate, notice, horizon and the end of the student's credits depend
on student, provider, state and service alone: they make the `times` of a provider, worked out once and not for each
opening. What is left to ask of an opening is whether its time is taken. A reason that lies in the viewer hides
nothing; it is told beside the list.

Each text is SQL over a row of `providers` or `openings` that stands around it; arguments are SQL expressions.
"""

from __future__ import annotations

from models.directory.licenses import licenses_covering
from models.rates.rates import rated_times

ANY_VISIT = "ANY ('{INTAKE,FOLLOW_UP}')"
"""The visit type where it is open who the client is."""


IS_TAKEN = (
    "EXISTS (SELECT 1 FROM reserved_times taken WHERE taken.provider_id = openings.provider_id"
    " AND taken.blocked_from < openings.ends_at AND taken.blocked_until > openings.starts_at"
    " AND taken.blocked_from > openings.starts_at - interval '3 hours')"
)
"""The condition of an opening whose time is taken: by a request, a session, or a move that was proposed (AV-4).

No session lasts longer than an hour and no buffer either, so the start alone leads to what lies around an opening, in
an ordinary index that answers by itself. The indexes of the EXCLUDE constraints read a thousand pages for one provider
once there are a million appointments.
"""


def is_busy(person: str) -> str:
    """Whether the person has another appointment at the time of an opening, whichever school pays (AP-4, ID-7)."""
    return (
        f"EXISTS (SELECT 1 FROM reserved_times own WHERE own.person_id = {person}"
        " AND own.starts_at < openings.ends_at AND own.ends_at > openings.starts_at"
        " AND own.starts_at > openings.starts_at - interval '1 hour')"
    )


def is_current_client(person: str) -> str:
    """Whether a provider has accepted this student before (PR-5)."""
    return (
        f"EXISTS (SELECT 1 FROM appointments met WHERE met.person_id = {person}"
        " AND met.provider_id = providers.id AND met.confirmed_at IS NOT NULL)"
    )


def has_live_intake(person: str) -> str:
    """Whether the pair has an intake that is requested or confirmed (AP-2)."""
    return (
        f"EXISTS (SELECT 1 FROM appointments live WHERE live.person_id = {person}"
        " AND live.provider_id = providers.id AND live.visit_type = 'INTAKE'"
        " AND live.status IN ('REQUESTED', 'CONFIRMED'))"
    )


def visit_type(person: str) -> str:
    """What the pair's next session is: the intake until one is completed (AP-2)."""
    return (
        f"CASE WHEN EXISTS (SELECT 1 FROM appointments done WHERE done.person_id = {person}"
        " AND done.provider_id = providers.id AND done.visit_type = 'INTAKE' AND done.status = 'COMPLETED')"
        " THEN 'FOLLOW_UP' ELSE 'INTAKE' END"
    )


def credits_of(student: str, *, at: str) -> str:
    """How many credits the student has now, and until when a session may start to be paid by one (CR-3, CR-4).

    One row; `until` is null without a credit. A grant that is over counts for nothing, whether or not the worker has
    expired it yet.
    """
    return f"""
SELECT COALESCE(sum(grants.unused), 0)::int AS available, max(COALESCE(grants.expires_at, 'infinity')) AS until
  FROM grants
 WHERE grants.wallet_id = {student} AND grants.unused > 0
   AND (grants.expires_at IS NULL OR grants.expires_at > {at})
"""


def bookable_times(
    *,
    provider: str,
    state: str,
    service: str,
    visit_type: str,
    begin: str,
    end: str,
    credits_until: str = "NULL::timestamptz",
) -> str:
    """The times in which the provider of this id can be booked, as one multirange `times`; null for none.

    A null state or service stands for each that the provider is licensed in, and offers. A null `credits_until` is no
    bound: who has no credit still sees what there is.
    """
    rated = rated_times(
        visit_type=visit_type,
        service="licensed.service",
        degree_level="providers.degree_level",
        license_class="licensed.license_class",
        state="licensed.state",
        time_zone="providers.time_zone",
    )
    return f"""
SELECT range_agg(
           rated.times * tstzmultirange(tstzrange(NULL, licensed.until)
           * tstzrange({begin}, {end}) * tstzrange(NULL, {credits_until}))) AS times
  FROM providers
 CROSS JOIN LATERAL ({licenses_covering(state=state, service=service)}) licensed
 CROSS JOIN LATERAL ({rated}) rated
 WHERE providers.id = {provider} AND providers.searchable AND licensed.service = ANY (providers.services)
"""


IS_OFFERED = (
    # The bounds say nothing new: they are what the index on the start can use.
    "openings.starts_at >= lower(bookable.times) AND openings.starts_at < upper(bookable.times)"
    f" AND openings.starts_at <@ bookable.times AND NOT {IS_TAKEN}"
)
"""The condition of an opening that is offered, beside a row `bookable` of its provider's times."""
