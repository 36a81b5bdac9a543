"""Passwords and addresses as clients see them: changed, forgotten, verified (ID-1 to ID-3)."""

from models.accounts.accounts import PEOPLE
from operations.fields import ANYONE
from operations.mutations import mutation
from resolvers.accounts import credentials as resolvers
from schema.accounts.accounts import Account
from schema.base.shape import payload


class Mutation:
    """What credentials add to Mutation."""

    request_password_reset = mutation(
        resolvers.request_reset,
        before=resolvers.admit_reset,
        answers=payload(
            "RequestPasswordReset",
            {"accepted": (bool, "Always true: an e-mail is sent only if the address has an account.")},
        ),
        allow=ANYONE,
    )
    reset_password = mutation(
        resolvers.reset_password,
        before=resolvers.hash_for_reset,
        answers=payload("ResetPassword", {"was_reset": (bool, "True if the password was reset.")}),
        allow=ANYONE,
    )
    change_password = mutation(
        resolvers.change_password,
        before=resolvers.prove_and_hash,
        answers=payload("ChangePassword", Account),
        allow=PEOPLE,
        idempotent=False,
    )
    request_email_verification = mutation(
        resolvers.request_verification,
        before=resolvers.prove_for_email,
        answers=payload("RequestEmailVerification", Account),
        allow=PEOPLE,
        idempotent=False,
    )
    verify_email = mutation(
        resolvers.verify_email,
        before=resolvers.admit_token,
        answers=payload("VerifyEmail", {"verified": (bool, "True if the e-mail address was verified.")}),
        allow=ANYONE,
    )
