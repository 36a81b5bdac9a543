"""Enums as clients see them: every list of words of the models and resolvers, shown before any type uses it."""

from importlib import import_module
from typing import Any

import strawberry

from models import modules
from models.base.words import SHOWN_AS

for module in (*modules("models"), *modules("resolvers")):
    import_module(module)

for words, name in SHOWN_AS.items():
    strawberry.enum(words, name=name, description=words.__doc__)
    definition: Any = getattr(words, "__strawberry_definition__")  # noqa: B009 — strawberry's own attribute
    for value in definition.values:
        value.description = words[value.name].meaning
