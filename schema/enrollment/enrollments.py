"""Enrollment as clients see it."""

from models.base.access import Role
from operations.mutations import mutation
from resolvers.enrollment import enrollments as resolvers
from schema.base.shape import payload
from schema.directory.providers import Provider


class Mutation:
    """What enrollment adds to Mutation."""

    enroll_provider = mutation(resolvers.enroll, answers=payload("EnrollProvider", Provider), allow=[Role.OPS])
