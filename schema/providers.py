"""Providers as clients see them."""

from datetime import date, datetime

import strawberry

from models.base.access import Role
from models.base.text import StateCode, TimeZone
from models.directory import licenses, providers
from models.directory.licenses import LicenseClass
from models.directory.providers import DegreeLevel, Service
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers import availability
from resolvers import providers as resolvers
from schema.availability import Opening, WeeklyHours
from schema.shape import Connection, Node, payload, shown, shows


@shows(licenses.License)
class License(Node):
    """A state's permission to practise."""

    license_class: LicenseClass = shown("What it permits.")
    title: str = shown("The state's own title.")
    number: str = shown("The number, as the board prints it.")
    state: StateCode = shown("The state that gave it.")
    expires_on: date = shown("Its last day.")
    verified_at: datetime | None = shown("When OPS verified it with the board; null while it waits (PR-4).")


@shows(providers.Provider)
class Provider(Node):
    """One clinician with an individual profile."""

    name: str = shown("The clinician's name.")
    title: str = shown("What stands behind the name.")
    bio: str = shown("A few words to students.")
    specialties: list[str] = shown("What the provider is experienced in.")
    services: list[Service] = shown("What sessions are offered.")
    degree_level: DegreeLevel = shown("The degree.")
    time_zone: TimeZone = shown("The zone of the provider's calendar.")
    missed_appointment_policy: str = shown("What a missed session means; accepted with a request (AP-5).")
    accepting_new_clients: bool = shown("Whether new clients may request sessions (PR-5).")
    searchable: bool = shown("Whether the directory shows the profile (PR-4).")
    licenses: list[License] = relation(resolvers.LICENSES, "The licenses that you may see, by state.")
    openings: Connection[Opening] = relation(
        availability.OPENINGS, "The openings that a request would get now, soonest first (AV-4)."
    )
    weekly_hours: list[WeeklyHours] = relation(
        availability.WEEKLY_HOURS,
        "The week that openings are derived from.",
        allow=[Role.OPS, Role.PROVIDER, Role.OFFICE],
    )


EVERY_READER = [Role.OPS, Role.FINANCE, Role.SCHOOL, Role.PARTNER, Role.STUDENT, Role.PROVIDER, Role.OFFICE]


@strawberry.type
class Query:
    """What providers add to Query."""

    provider: Provider | None = query(resolvers.one, allow=EVERY_READER)
    providers: Connection[Provider] | None = query(
        resolvers.search, allow=[Role.OPS, Role.SCHOOL, Role.PARTNER, Role.STUDENT]
    )


@strawberry.type
class Mutation:
    """What providers add to Mutation."""

    join_provider = mutation(resolvers.join, answers=payload("JoinProvider", Provider), allow=[Role.OPS])
    enter_license = mutation(
        resolvers.enter_license, answers=payload("EnterLicense", License), allow=[Role.OPS, Role.PROVIDER]
    )
    verify_license = mutation(resolvers.verify_license, answers=payload("VerifyLicense", License), allow=[Role.OPS])
    enroll_provider = mutation(resolvers.enroll, answers=payload("EnrollProvider", Provider), allow=[Role.OPS])
    set_weekly_hours = mutation(
        availability.set_weekly_hours,
        answers=payload("SetWeeklyHours", Provider),
        allow=[Role.OPS, Role.PROVIDER, Role.OFFICE],
    )
