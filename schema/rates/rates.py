"""Rates as clients see them (CL-5)."""

from datetime import date

import strawberry

from execution import Derived
from models.base.access import Role
from models.base.dated import last_day
from models.base.text import StateCode
from models.directory.licenses import LicenseClass
from models.directory.providers import DegreeLevel, Service
from models.rates import rates
from models.rates.rates import VisitType
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.rates import rates as resolvers
from resolvers.rates.rates import RateInput
from schema.base.shape import Connection, Money, Node, money, payload, shown, shows

strawberry.input(RateInput, description="One row of an announcement of rates.")


@shows(rates.Rate)
class Rate(Node):
    """What one kind of session is reimbursed with from a day on; a state's own rate goes before the general one."""

    visit_type: VisitType = shown("Intake or follow-up.")
    service: Service = shown("What the session is for.")
    degree_level: DegreeLevel = shown("The provider's degree.")
    license_class: LicenseClass = shown("The class of the license that covers the session.")
    state: StateCode | None = shown("The state it is for; null for all that have none of their own.")
    amount: Money = money("amount_cents", "What is reimbursed.")
    effective_from: date = shown("The first day of sessions that it applies to.")
    effective_until: date | None = relation(
        Derived("during", last_day), "The last day of sessions that it applies to; null for until another begins."
    )


class Query:
    """What rates add to Query."""

    rates: Connection[Rate] | None = query(resolvers.many, allow=[Role.OPS, Role.FINANCE])
    rates_csv: str | None = query(resolvers.as_csv, allow=[Role.OPS, Role.FINANCE])


class Mutation:
    """What rates add to Mutation."""

    announce_rates = mutation(
        resolvers.announce,
        answers=payload("AnnounceRates", {"rates": (list[Rate], "The rates as announced; null if refused.")}),
        allow=[Role.FINANCE],
    )
