"""Accounts as clients see them."""

from datetime import datetime

from models.accounts import accounts as models
from models.base.access import Role
from models.base.scopes import OPEN
from models.base.text import EmailAddress
from operations.fields import EVERYBODY
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.accounts import accounts as resolvers
from schema.accounts.agreements import Acceptance
from schema.base.shape import Node, optional_text, payload, shown, shows


@shows(models.Account)
class Account(Node):
    """A person who can sign in."""

    email: EmailAddress = shown("E-mail address used to sign in.")
    name: str = shown("Full name.")
    email_verified_at: datetime | None = shown("When the e-mail address was verified; null if it was not.")
    created_at: datetime = shown("When the account was created.")
    disabled_at: datetime | None = shown("When the account was disabled; null if it is active.")
    memberships: list["Membership"] = relation(
        resolvers.MEMBERSHIPS, "Roles this account can act in; switch with `actAs`."
    )
    acceptances: list[Acceptance] = relation(resolvers.ACCEPTANCES, "Agreements the person has accepted (PR-1).")


@shows(models.Membership)
class Membership(Node):
    """One role of an account: what it may act as, and for whom."""

    role: Role = shown("Role.")
    account: Account | None = relation(resolvers.ACCOUNT, "Account this membership belongs to.")
    title: str | None = optional_text("title", "Job title of an office user.")
    is_owner: bool = shown("Whether the office user owns the practice (ID-4).")
    revalidate_by: datetime | None = shown("When an office user's access lapses unless it is revalidated (ID-4).")


class Query:
    """What accounts add to Query."""

    viewer: Membership | None = query(resolvers.viewer, allow=EVERYBODY, scope=OPEN, before_second_factor=True)


class Mutation:
    """What accounts add to Mutation."""

    disable_account = mutation(resolvers.disable, answers=payload("DisableAccount", Account), allow=[Role.OPS])
    enable_account = mutation(resolvers.enable, answers=payload("EnableAccount", Account), allow=[Role.OPS])
    end_membership = mutation(
        resolvers.end_membership,
        answers=payload("EndMembership", {"membership": (Membership, "The updated membership; null if refused.")}),
        allow=[Role.OPS],
    )
