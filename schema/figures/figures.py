"""A school in numbers, as clients see it (CL-9)."""

from datetime import date

from models.base.scopes import Scope
from operations.queries import relation
from resolvers.figures import figures as resolvers
from schema.base.shape import Money, extends, money, shown, value
from schema.schools.schools import STAFF, School


@value
class MonthlyFigures:
    """A school's figures for one month, suppressed if fewer than 11 students were active (CL-9)."""

    month: date = shown("First day of the month.")
    suppressed: bool = shown("Whether the figures are withheld because the group is too small.")
    requested: int | None = shown("Appointments requested for this month.")
    completed: int | None = shown("Sessions completed.")
    no_shows: int | None = shown("Sessions the student missed.")
    settled_credits: int | None = shown("Credits settled by accepted claims.")
    reimbursed: Money | None = money("amount_cents", "Total of accepted claims.")


@extends(School)
class SchoolFigures:
    """What figures add to School."""

    monthly: list[MonthlyFigures] = relation(
        resolvers.MONTHLY, "Figures for the twelve months of a calendar year.", allow=STAFF, scope=Scope.FIGURES_READ
    )
