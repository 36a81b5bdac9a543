"""Accounts as clients see them."""

from datetime import datetime

from models.accounts import accounts as models
from models.base.access import Role
from models.base.text import EmailAddress
from operations.fields import EVERYBODY
from operations.mutations import mutation
from operations.queries import query, relation
from resolvers.accounts import accounts as resolvers
from schema.accounts.agreements import Acceptance
from schema.base.shape import Node, optional_text, payload, shown, shows


@shows(models.Account)
class Account(Node):
    """One person who signs in, by e-mail address."""

    email: EmailAddress = shown("The address that signs in.")
    name: str = shown("The person's name.")
    email_verified_at: datetime | None = shown("When a link that was sent to the address came back.")
    created_at: datetime = shown("When the account was made.")
    disabled_at: datetime | None = shown("Since when it is shut.")
    memberships: list["Membership"] = relation(
        resolvers.MEMBERSHIPS, "What the account may act under; `actAs` changes it."
    )
    acceptances: list[Acceptance] = relation(resolvers.ACCEPTANCES, "What the person has accepted (PR-1).")


@shows(models.Membership)
class Membership(Node):
    """Who acts: an account under one membership."""

    role: Role = shown("Under which role.")
    account: Account | None = relation(resolvers.ACCOUNT, "The account.")
    title: str | None = optional_text("title", "What an office user is called in the practice.")
    is_owner: bool = shown("Whether it owns the practice (ID-4).")
    revalidate_by: datetime | None = shown("Until when an office user is revalidated, or lapses (ID-4).")


class Query:
    """What accounts add to Query."""

    viewer: Membership | None = query(resolvers.viewer, allow=EVERYBODY, before_second_factor=True)


class Mutation:
    """What accounts add to Mutation."""

    disable_account = mutation(resolvers.disable, answers=payload("DisableAccount", Account), allow=[Role.OPS])
    enable_account = mutation(resolvers.enable, answers=payload("EnableAccount", Account), allow=[Role.OPS])
    end_membership = mutation(
        resolvers.end_membership,
        answers=payload("EndMembership", {"membership": (Membership, "The membership as it is now; null if refused.")}),
        allow=[Role.OPS],
    )
