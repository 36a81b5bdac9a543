"""Second factors as clients see them (ID-1)."""

from models.accounts.accounts import PEOPLE
from models.base.access import Role
from operations.mutations import mutation
from operations.queries import query
from resolvers.accounts import second_factors as resolvers
from schema.accounts.accounts import Account
from schema.base.shape import payload, shown, value


@value
class SecondFactor:
    """What is known of your account's second factor."""

    is_required: bool = shown("Whether your role may do nothing without one (ID-1).")
    is_confirmed: bool = shown("Whether there is one.")
    recovery_codes_left: int = shown("How many recovery codes were not used yet.")


RECOVERY_CODES = {"recovery_codes": (list[str], "Ten codes that each work once; shown this once, so keep them.")}


class Query:
    """What second factors add to Query."""

    second_factor: SecondFactor | None = query(resolvers.status, allow=PEOPLE, before_second_factor=True)


class Mutation:
    """What second factors add to Mutation."""

    enrol_second_factor = mutation(
        resolvers.enrol,
        answers=payload(
            "EnrolSecondFactor",
            {
                "secret": (str, "The secret, to type into an authenticator; shown this once."),
                "address": (str, "The same as an `otpauth:` address, to show as a QR code."),
            },
        ),
        allow=PEOPLE,
        idempotent=False,
        before_second_factor=True,
    )
    confirm_second_factor = mutation(
        resolvers.confirm,
        before=resolvers.admit_code,
        answers=payload("ConfirmSecondFactor", RECOVERY_CODES),
        allow=PEOPLE,
        idempotent=False,
        before_second_factor=True,
    )
    renew_recovery_codes = mutation(
        resolvers.renew_recovery_codes,
        before=resolvers.admit_code,
        answers=payload("RenewRecoveryCodes", RECOVERY_CODES),
        allow=PEOPLE,
        idempotent=False,
    )
    remove_second_factor = mutation(
        resolvers.remove,
        before=resolvers.admit_code,
        answers=payload("RemoveSecondFactor", {"removed": (bool, "True once it is gone.")}),
        allow=PEOPLE,
        idempotent=False,
    )
    reset_second_factor = mutation(resolvers.reset, answers=payload("ResetSecondFactor", Account), allow=[Role.OPS])
