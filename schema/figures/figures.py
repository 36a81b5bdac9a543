"""A school in numbers, as clients see it (CL-9)."""

from datetime import date

from operations.queries import relation
from resolvers.figures import figures as resolvers
from schema.base.shape import Money, extends, money, shown, value
from schema.schools.schools import STAFF, School


@value
class MonthlyFigures:
    """One month of a school in numbers. A month of fewer than 11 students is suppressed (CL-9)."""

    month: date = shown("The first day of the month.")
    suppressed: bool = shown("Whether the numbers are withheld because the group is too small.")
    requested: int | None = shown("Appointments that were requested for this month.")
    completed: int | None = shown("Sessions that took place.")
    no_shows: int | None = shown("Sessions that the student missed.")
    settled_credits: int | None = shown("Credits that accepted claims settled.")
    reimbursed: Money | None = money("amount_cents", "What accepted claims come to.")


@extends(School)
class SchoolFigures:
    """What figures add to School."""

    monthly: list[MonthlyFigures] = relation(resolvers.MONTHLY, "The twelve months of a calendar year.", allow=STAFF)
