"""What a claim says to the reversal of a credit: a settled credit stays with the accepted claim that it pays."""

from __future__ import annotations

from datetime import datetime

from models.base.access import Viewer
from models.base.errors import Code, Refusal
from models.claims.claims import Claim, ClaimStatus
from models.credits.ledger import Bucket, Transfer
from models.credits.reversals import transfer_reversed


@transfer_reversed.effect
async def stay_with_claim(other: Transfer, *, by: Viewer, at: datetime) -> None:
    """Refuse to reverse the settlement of a session whose claim is accepted; `claims_credit_agrees` holds the same."""
    if other.target is not Bucket.SETTLED:
        return
    if await Claim.filter(appointment_id=other.appointment_id, status=ClaimStatus.ACCEPTED).exists():
        raise ACCEPTED


ACCEPTED = Refusal(
    Code.NOT_ELIGIBLE,
    "The claim of this session is accepted, and the credit pays for it.",
    rule="CR-10",
    path=["transferId"],
    fix="Leave it as it is: a claim cannot be voided here yet.",
)
