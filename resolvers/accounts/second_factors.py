"""How requests about second factors are answered (ID-1)."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Selection
from models.accounts import second_factors
from models.accounts.accounts import NEED_SECOND_FACTOR, Account
from models.accounts.second_factors import RecoveryCode, SecondFactor
from models.base import throttling
from models.base.errors import Code, Refusal
from operations.context import Context
from operations.reads.rows import find

OneTimeCode = Annotated[str, "One-time code from the authenticator, or a recovery code."]


async def status(context: Context, selection: Selection) -> Any:
    """Your account's second factor, and whether your role requires one (ID-1)."""
    account_id = context.viewer.account_id
    factor = await SecondFactor.get_or_none(account_id=account_id)
    left = await RecoveryCode.filter(account_id=account_id, used_at=None).count()
    return Status(
        is_required=context.environment.second_factor_required and context.viewer.role in NEED_SECOND_FACTOR,
        is_confirmed=factor is not None and factor.confirmed_at is not None,
        recovery_codes_left=left,
    )


class Status:
    """What is known of an account's second factor."""

    def __init__(self, *, is_required: bool, is_confirmed: bool, recovery_codes_left: int) -> None:
        self.is_required = is_required
        self.is_confirmed = is_confirmed
        self.recovery_codes_left = recovery_codes_left


async def enrol(context: Context) -> dict[str, Any]:
    """Start setting up an authenticator. The secret is shown only once; finish with `confirmSecondFactor`."""
    account = await Account.get(id=context.viewer.account_id)
    secret, address = await second_factors.enrol(account, at=context.now)
    return {"secret": secret, "address": address}


async def admit_code(context: Context, *, one_time_code: str) -> None:
    """Count the try of a code, outside of the transaction that a refusal rolls back."""
    if not await throttling.take(throttling.BY_CODE, str(context.viewer.account_id), at=context.now):
        raise throttling.TOO_MANY


async def code_was_right(context: Context) -> None:
    """Begin to count anew."""
    await throttling.clear(throttling.BY_CODE, str(context.viewer.account_id), at=context.now)


async def confirm(
    context: Context, _: None, *, one_time_code: Annotated[str, "One-time code from the authenticator."]
) -> dict[str, Any]:
    """Finish setting up an authenticator with its first code. Returns recovery codes (ID-1)."""
    codes = await second_factors.confirm(context.viewer.account_id, one_time_code, by=context.viewer, at=context.now)
    await code_was_right(context)
    return {"recovery_codes": codes}


async def renew_recovery_codes(context: Context, _: None, *, one_time_code: OneTimeCode) -> dict[str, Any]:
    """Replace your recovery codes with ten new ones (ID-1)."""
    codes = await second_factors.renew_recovery_codes(
        context.viewer.account_id, one_time_code, by=context.viewer, at=context.now
    )
    await code_was_right(context)
    return {"recovery_codes": codes}


async def remove(context: Context, _: None, *, one_time_code: OneTimeCode) -> dict[str, Any]:
    """Remove your second factor, to set up another device. OPS and FINANCE must do so before anything else (ID-1)."""
    await second_factors.remove(context.viewer.account_id, one_time_code, by=context.viewer, at=context.now)
    await code_was_right(context)
    return {"removed": True}


async def reset(
    context: Context, *, account_id: Annotated[UUID, Account, "Account whose second factor is lost."]
) -> Account:
    """Remove another person's lost second factor, after verifying who they are; kept in their history (ID-1)."""
    account = await find(context, Account, account_id, path="accountId")
    if account.id == context.viewer.account_id:
        raise Refusal(
            Code.NOT_ELIGIBLE,
            "You cannot reset your own second factor.",
            rule="ID-1",
            path=["accountId"],
            fix="Use removeSecondFactor with a code, or ask a colleague.",
        )
    await second_factors.remove(account.id, None, by=context.viewer, at=context.now)
    return account
