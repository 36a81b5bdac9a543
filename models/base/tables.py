"""The base of every table."""

from typing import Any, ClassVar

from tortoise.models import Model, ModelMeta


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

    __await__ = Hidden()
    __setattr__ = object.__setattr__  # type: ignore[assignment]

    class Meta:
        """An abstract base without columns."""

        abstract = True
