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
    """Your account's second factor."""

    is_required: bool = shown("Whether your role requires a second factor (ID-1).")
    is_confirmed: bool = shown("Whether a second factor is set up.")
    recovery_codes_left: int = shown("Number of unused recovery codes.")


RECOVERY_CODES = {"recovery_codes": (list[str], "Ten single-use recovery codes. They are shown only once.")}


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
                "secret": (str, "Secret to enter in an authenticator app. It is shown only once."),
                "address": (str, "The secret as an `otpauth:` URI, for a QR code."),
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
        answers=payload("RemoveSecondFactor", {"removed": (bool, "True if the second factor was removed.")}),
        allow=PEOPLE,
        idempotent=False,
    )
    reset_second_factor = mutation(resolvers.reset, answers=payload("ResetSecondFactor", Account), allow=[Role.OPS])
