"""Providers as clients see them."""

from models.base.access import Role
from models.base.scopes import Scope
from models.base.text import TimeZone
from models.directory import providers
from models.directory.providers import DegreeLevel, Service
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.directory import providers as resolvers
from resolvers.directory.licenses import LICENSES
from schema.accounts.accounts import Membership
from schema.accounts.persons import PersonConflict
from schema.base.shape import Connection, Node, extends, optional_text, payload, shown, shows
from schema.directory.licenses import License


@shows(providers.Provider)
class Provider(Node):
    """A clinician in the directory."""

    name: str = shown("Name.")
    title: str = shown("Credentials after the name, such as LICSW.")
    bio: str | None = optional_text("bio", "Short introduction for students.")
    specialties: list[str] = shown("Codes of specialties; `vocabularies` has their labels.")
    languages: list[str] = shown("Codes of the languages of their sessions; `vocabularies` has their labels.")
    services: list[Service] = shown("Services offered.")
    degree_level: DegreeLevel = shown("Degree level.")
    time_zone: TimeZone = shown("Time zone of the provider's calendar.")
    missed_appointment_policy: str | None = optional_text(
        "missed_appointment_policy", "Missed-appointment policy, accepted with each request (AP-5)."
    )
    accepting_new_clients: bool = shown("Whether new clients are accepted (PR-5).")
    searchable: bool = shown("Whether the profile is listed in the directory (PR-4).")
    licenses: list[License] = relation(LICENSES, "Licenses you may see, by state.")


@extends(Membership)
class MembershipProvider:
    """What providers add to Membership."""

    provider: Provider | None = relation(resolvers.PROVIDER, "Provider it belongs to, for the role PROVIDER.")


@extends(PersonConflict)
class PersonConflictProvider:
    """What providers add to PersonConflict."""

    provider: Provider | None = relation(resolvers.PROVIDER, "Provider concerned, if any.")


EVERY_READER = [Role.OPS, Role.FINANCE, Role.SCHOOL, Role.PARTNER, Role.STUDENT, Role.PROVIDER, Role.OFFICE]


class Query:
    """What providers add to Query."""

    provider: Provider | None = query(resolvers.one, allow=EVERY_READER, scope=Scope.DIRECTORY_READ)
    providers: Connection[Provider] | None = query(
        resolvers.search,
        allow=[Role.OPS, Role.SCHOOL, Role.PARTNER, Role.STUDENT],
        scope=Scope.DIRECTORY_READ,
    )


class Mutation:
    """What providers add to Mutation."""

    join_provider = mutation(
        resolvers.join, check=resolvers.check_profile, answers=payload("JoinProvider", Provider), allow=[Role.OPS]
    )
