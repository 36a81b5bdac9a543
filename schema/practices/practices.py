"""Practices and their office users as clients see them (ID-4)."""

from datetime import datetime

from models.base.access import Role
from models.practices import practices as models
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.practices import practices as resolvers
from schema.accounts.accounts import Membership
from schema.base.shape import Connection, Node, extends, payload, shown, shows
from schema.directory.providers import Provider


@shows(models.Practice)
class Practice(Node):
    """A group practice or clinic."""

    name: str = shown("Name.")
    created_at: datetime = shown("When it joined the program.")
    providers: list[Provider] = relation(resolvers.PROVIDERS, "Clinicians you may see, by name.")
    office_users: list[Membership] = relation(
        resolvers.OFFICE_USERS, "Owner and office users you may see.", allow=[Role.OFFICE, Role.OPS]
    )


@extends(Membership)
class MembershipPractice:
    """What practices add to Membership."""

    practice: Practice | None = relation(resolvers.PRACTICE, "Practice it belongs to, for the role OFFICE.")


OFFICE_USER = {
    "office_user": (
        Membership,
        "The updated membership of the office user; null if refused.",
    )
}
OWNERS = [Role.OFFICE, Role.OPS]


class Query:
    """What practices add to Query."""

    practice: Practice | None = query(resolvers.one, allow=[Role.OFFICE, Role.OPS, Role.PROVIDER, Role.FINANCE])
    practices: Connection[Practice] | None = query(resolvers.many, allow=[Role.OPS, Role.FINANCE])


class Mutation:
    """What practices add to Mutation."""

    open_practice = mutation(resolvers.open_practice, answers=payload("OpenPractice", Practice), allow=[Role.OPS])
    set_practice = mutation(resolvers.set_practice, answers=payload("SetPractice", Provider), allow=[Role.OPS])
    modify_office_user = mutation(resolvers.modify, answers=payload("ModifyOfficeUser", OFFICE_USER), allow=OWNERS)
    remove_office_user = mutation(resolvers.remove, answers=payload("RemoveOfficeUser", OFFICE_USER), allow=OWNERS)
    revalidate_office_user = mutation(
        resolvers.revalidate, answers=payload("RevalidateOfficeUser", OFFICE_USER), allow=OWNERS
    )
    hand_over_practice = mutation(resolvers.hand_over, answers=payload("HandOverPractice", OFFICE_USER), allow=OWNERS)
