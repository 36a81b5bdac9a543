"""How requests about enrollment are answered."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from models.directory.providers import Provider
from models.enrollment import enrollments
from operations.context import Context
from operations.reads.rows import find


async def enroll(context: Context, *, provider_id: Annotated[UUID, Provider, "Provider."]) -> Provider:
    """Activate a provider's enrollment in Flexible Credits (EN-4)."""
    provider = await find(context, Provider, provider_id, path="providerId")
    await enrollments.enroll(provider, by=context.viewer, at=context.now)
    return provider
