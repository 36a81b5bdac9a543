"""The base of every table."""

from collections.abc import Mapping
from typing import Any, ClassVar

from tortoise.models import Model, ModelMeta

from models.base.personal import Kept, Personal


class Declared(ModelMeta):
    """Makes the classes of tables without a look at their source.

    Tortoise parses the file of each model to find comments that begin with `#:`. There are none here, and the search
    took 80 ms of the program's start. The mark is the one with which Tortoise's own migrations leave it out.
    """

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> ModelMeta:
        """The class, marked."""
        return super().__new__(cls, name, bases, attrs | {"_no_comments": True})


class Hidden:
    """In the place of what a base class has and its heirs are not to have."""

    def __get__(self, row: object, of: type) -> Any:
        raise AttributeError


class Table(Model, metaclass=Declared):
    """A row of a table: a value, and nothing to wait for.

    Tortoise's rows can be awaited and then answer themselves; so an answer that holds one had to be waited for. Theirs
    also look at each value that is set, in case it is a row of another table; here relations are set by their ids.
    """

    MADE_BY_DATABASE: ClassVar[frozenset[str]] = frozenset()
    """The columns whose values PostgreSQL gives to a new row."""
    PERSONAL: ClassVar[Mapping[str, Personal]] = {}
    """The columns that name or describe a person."""
    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset()
    """The other columns of text, so that none is forgotten; enums are not counted."""
    KEPT: ClassVar[Kept]
    """How long rows are kept, and why."""
    OF_STUDENT: ClassVar[str | None] = None
    """The condition of the rows that name an erased student, whose personal columns are replaced."""
    REMOVED_AT_ERASURE: ClassVar[bool] = False
    """Whether those rows are removed instead."""
    WRITTEN_TO: ClassVar[str | None] = None
    """The condition of the rows whose address mail is still sent to, whoever else leaves."""

    __await__ = Hidden()
    __setattr__ = object.__setattr__  # type: ignore[assignment]

    class Meta:
        """An abstract base without columns."""

        abstract = True

    @classmethod
    def names_student_too(cls, condition: str) -> None:
        """Add rows that name an erased student, found by what a later area knows."""
        cls.OF_STUDENT = condition if cls.OF_STUDENT is None else f"({cls.OF_STUDENT} OR {condition})"
