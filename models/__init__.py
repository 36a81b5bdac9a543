"""What is true: tables and rules, one file (or package) an area.

Inside this package an area may import only what stands left of it in `MODULES`.
"""

MODULES = (
    "models.events",
    "models.idempotency",
    "models.budgets",
    "models.clock",
    "models.audit",
    "models.accounts",
    "models.agreements",
    "models.links",
    "models.second_factors",
    "models.throttling",
    "models.practices",
    "models.invitations",
    "models.partner_keys",
    "models.credentials",
    "models.schools",
    "models.campus",
    "models.providers",
    "models.payout_details",
    "models.availability",
    "models.credits",
    "models.rates",
    "models.appointments",
    "models.claims",
    "models.mails",
)
"""The modules that hold tables, in the order in which they may import one another."""
