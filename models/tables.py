"""The base of every table."""

from typing import Any

from tortoise.models import Model, ModelMeta


class Declared(ModelMeta):
    """Makes the classes of tables without a look at their source.

    Tortoise parses the file of each model to find comments that begin with `#:`. There are none here, and the search
    took 80 ms of the program's start. The mark is the one with which Tortoise's own migrations leave it out.
    """

    def __new__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> ModelMeta:
        """The class, marked."""
        return super().__new__(cls, name, bases, attrs | {"_no_comments": True})


class Table(Model, metaclass=Declared):
    """A row of a table."""

    class Meta:
        """An abstract base without columns."""

        abstract = True
