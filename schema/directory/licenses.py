"""Licenses as clients see them."""

from datetime import date, datetime

from models.base.access import Role
from models.base.text import StateCode
from models.directory import licenses
from models.directory.licenses import LicenseClass
from operations.mutations import mutation
from operations.queries import relation
from resolvers.directory import licenses as resolvers
from schema.base.shape import Node, payload, shown, shows
from schema.files.files import File

REVIEWED_BY = [Role.PROVIDER, Role.OPS]


@shows(licenses.License)
class License(Node):
    """A state license to practise."""

    license_class: LicenseClass = shown("License class.")
    title: str = shown("Title used by the state, such as LICSW.")
    number: str = shown("License number, as printed by the board.")
    state: StateCode = shown("Issuing state.")
    expires_on: date = shown("Last day on which it is valid.")
    verified_at: datetime | None = shown(
        "When OPS verified it with the state board; null if it was not verified yet (PR-4)."
    )
    evidence: list[File] = relation(
        resolvers.EVIDENCE,
        "Files that prove it, the earliest first; for the provider and OPS (FI-1).",
        allow=REVIEWED_BY,
    )


class Mutation:
    """What licenses add to Mutation."""

    enter_license = mutation(
        resolvers.enter_license,
        check=resolvers.check_license,
        answers=payload("EnterLicense", License),
        allow=[Role.OPS, Role.PROVIDER],
    )
    verify_license = mutation(resolvers.verify_license, answers=payload("VerifyLicense", License), allow=[Role.OPS])
    attach_license_evidence = mutation(
        resolvers.attach_evidence,
        check=resolvers.check_evidence,
        answers=payload("AttachLicenseEvidence", License),
        allow=REVIEWED_BY,
    )
