"""Consent to sessions by video as the two people of an appointment see it (EN-7)."""

from datetime import datetime

from models.base.access import Role
from operations.queries import relation
from resolvers.appointments import telehealth as resolvers
from schema.appointments.appointments import Appointment
from schema.base.shape import extends, shown, value


@value
class TelehealthConsent:
    """A student's consent to sessions by video."""

    given_at: datetime = shown("When it was given.")
    version: str = shown("Version of the text that it was given by.")


@extends(Appointment)
class AppointmentTelehealth:
    """What consents add to Appointment."""

    telehealth_consent: TelehealthConsent | None = relation(
        resolvers.CONSENT,
        "Student's consent to sessions by video; null if none holds, or if the appointment has ended.",
        allow=[Role.STUDENT, Role.PROVIDER],
    )
