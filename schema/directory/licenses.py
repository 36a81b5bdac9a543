"""Licenses as clients see them."""

from datetime import date, datetime

from models.base.access import Role
from models.base.text import StateCode
from models.directory import licenses
from models.directory.licenses import LicenseClass
from operations.mutations import mutation
from resolvers.directory import licenses as resolvers
from schema.base.shape import Node, payload, shown, shows


@shows(licenses.License)
class License(Node):
    """A state's permission to practise."""

    license_class: LicenseClass = shown("What it permits.")
    title: str = shown("The state's own title.")
    number: str = shown("The number, as the board prints it.")
    state: StateCode = shown("The state that gave it.")
    expires_on: date = shown("Its last day.")
    verified_at: datetime | None = shown("When OPS verified it with the board; null while it waits (PR-4).")


class Mutation:
    """What licenses add to Mutation."""

    enter_license = mutation(
        resolvers.enter_license,
        check=resolvers.check_license,
        answers=payload("EnterLicense", License),
        allow=[Role.OPS, Role.PROVIDER],
    )
    verify_license = mutation(resolvers.verify_license, answers=payload("VerifyLicense", License), allow=[Role.OPS])
