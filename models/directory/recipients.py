"""Who is written to of the directory: the provider of an event (ID-7)."""

from __future__ import annotations

from models.accounts.recipients import address_of_person
from models.base.recipients import recipient

PROVIDER = recipient("PROVIDER", address_of_person("providers", "provider_id"))
"""The provider of the event."""
