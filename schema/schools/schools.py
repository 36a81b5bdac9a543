"""Schools as clients see them."""

from datetime import datetime

from models.base.access import Role
from models.base.scopes import OPEN
from models.base.text import TimeZone
from models.schools import schools
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.schools import schools as resolvers
from resolvers.schools.schools import SCHOOL
from schema.accounts.accounts import Membership
from schema.base.shape import Connection, Node, extends, payload, shown, shows

STAFF = [Role.OPS, Role.SCHOOL, Role.PARTNER]


@shows(schools.School)
class School(Node):
    """A university whose counselling centre sponsors credits."""

    name: str = shown("Name.")
    time_zone: TimeZone = shown("Time zone of its calendar.")
    crisis_line: str = shown("Number to call in a crisis, besides 988 (AP-8).")
    created_at: datetime = shown("When it joined the program.")


@extends(Membership)
class MembershipSchool:
    """What schools add to Membership."""

    school: School | None = relation(SCHOOL, "School it belongs to, if any.")


class Query:
    """What schools add to Query."""

    school: School | None = query(resolvers.one, allow=[*STAFF, Role.FINANCE, Role.STUDENT], scope=OPEN)
    schools: Connection[School] | None = query(resolvers.many, allow=[Role.OPS, Role.FINANCE])


class Mutation:
    """What schools add to Mutation."""

    open_school = mutation(
        resolvers.open_school, check=resolvers.check_school, answers=payload("OpenSchool", School), allow=[Role.OPS]
    )
    update_school = mutation(
        resolvers.update_school,
        check=resolvers.check_update,
        answers=payload("UpdateSchool", School),
        allow=[Role.OPS, Role.SCHOOL],
    )
