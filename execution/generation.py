"""The fast path of a plan as generated Python: one expression a field, no path, no error handling.

The generated code computes only what may be computed twice. At the first irregularity it raises, and the careful
path of `completion` does the same step again, with graphql-core's errors.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable
from typing import Any

from graphql import default_type_resolver

from execution.fields import Computed, Direct
from execution.leaves import IrregularError, Leaf, checked
from execution.plan import (
    AbstractShape,
    Block,
    LeafShape,
    ListShape,
    ObjectShape,
    Plan,
    PlannedField,
    Shape,
)
from execution.run import info_of

IRREGULAR_CLASSES = (Exception, type(None))
BY_CLASS = "by_class"


def generate(plan: Plan, row_class: type | None) -> None:
    """Give a plan and its asynchronous fields their generated functions."""
    Generator(plan, row_class).generate()


class Generator:
    """Writes the module of one plan."""

    def __init__(self, plan: Plan, row_class: type | None) -> None:
        self._plan = plan
        self._row_class = row_class
        self._functions: list[str] = []
        self._names: dict[str, Any] = {"sequence": sequence, "IrregularError": IrregularError, "Row": row_class}
        self._known: dict[int, str] = {}
        self._serializers: dict[int, Callable[[Any], Any]] = {}
        self._objects: dict[int, str] = {}
        self._steps: list[tuple[PlannedField, str]] = []
        self._regular: set[type] = set()

    def generate(self) -> None:
        """Write, compile and hand out the functions."""
        self._names["regular"] = self._regular
        root = None if self._plan.serial else self._object(self._plan.root, checked_type=False)
        for planned in self._plan.following:
            self._step(planned)
        source = self._plan.source = "\n".join(self._functions)
        exec(compile(source, "<compiled GraphQL operation>", "exec"), self._names)  # noqa: S102 - our own text, clients' names only as literals
        if root is not None:
            self._plan.complete = self._names[root]
        for planned, name in self._steps:
            planned.complete = self._names[name]

    def _name(self, prefix: str, value: Any) -> str:
        """A global name for a value of the outside."""
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = f"{prefix}_{len(self._names)}"
            self._names[known] = value
        return known

    def _write(self, prefix: str, parameters: str, lines: list[str]) -> str:
        name = f"{prefix}_{len(self._functions)}_of_plan"
        self._functions.append(f"def {name}({parameters}):\n" + "\n".join(f"    {line}" for line in lines) + "\n")
        return name

    def _step(self, planned: PlannedField) -> None:
        """The completion of an asynchronous field for all parents of its level."""
        place = f"(p, {planned.key!r})"
        value = self._value(planned.shape, "v", place, planned)
        name = self._write(
            "step",
            "entries, values, r",
            ["for (_, d, p), v in zip(entries, values):", f"    d[{planned.key!r}] = {value}"],
        )
        self._steps.append((planned, name))
        for following in planned.following:
            self._step(following)

    def _value(self, shape: Shape, source: str, place: str, planned: PlannedField) -> str:
        """An expression for the completed value of `source`."""
        if isinstance(shape, LeafShape):
            return self._leaf(shape, source)
        call = self._call(shape, place, planned)
        if not shape.nullable:
            return call.format(x=source)
        if source.isidentifier():
            return f"(None if {source} is None else {call.format(x=source)})"
        return f"(None if (x := {source}) is None else {call.format(x='x')})"

    def _call(self, shape: Shape, place: str, planned: PlannedField) -> str:
        """A call that completes the value `{x}`, which is not null."""
        place = place.replace("{", "{{").replace("}", "}}")
        match shape:
            case ListShape():
                function = self._list(shape, planned)
            case ObjectShape(block=block):
                function = self._object(block, planned=planned)
            case AbstractShape():
                function = self._abstract(shape, planned)
            case _:
                raise TypeError(shape)
        return f"{function}({{x}}{self._passed(shape, place)})"

    def _passed(self, shape: Shape, place: str) -> str:
        if is_tracked(shape):
            return f", {place}, r"
        return ", r" if is_informed(shape) else ""

    def _parameters(self, shape: Shape) -> str:
        if is_tracked(shape):
            return "v, p, r"
        return "v, r" if is_informed(shape) else "v"

    def _list(self, shape: ListShape, planned: PlannedField) -> str:
        item = self._value(shape.of, "i", "(p, n)", planned)
        items = "n, i in enumerate(v)" if is_tracked(shape) else "i in v"
        lines = ["if type(v) is not list: v = sequence(v)", f"return [{item} for {items}]"]
        return self._write("list", self._parameters(shape), lines)

    def _abstract(self, shape: AbstractShape, planned: PlannedField) -> str:
        resolve = self._name("resolve_type", shape.type.resolve_type or default_type_resolver)
        functions = {name: self._object(block, planned=planned) for name, block in shape.blocks.items()}
        table = f"table_{len(self._names)}"
        self._names[table] = None
        entries = ", ".join(f"{name!r}: {function}" for name, function in functions.items())
        arguments = {name: self._passed(ObjectShape(False, block), "p") for name, block in shape.blocks.items()}
        info = self._name("info", info_of(planned))
        of = self._name("abstract", shape.type)
        lines = [f"t = {resolve}(v, {info}(r), {of})"]
        for passed in sorted(set(arguments.values())):
            names = tuple(name for name, its in arguments.items() if its == passed)
            lines.append(f"if t in {names!r}: return {table}[t](v{passed})")
        lines.append("raise IrregularError")
        name = self._write("abstract", self._parameters(shape), lines)
        self._functions.append(f"{table} = {{{entries}}}\n")
        return name

    def _object(self, block: Block, *, planned: PlannedField | None = None, checked_type: bool = True) -> str:
        known = self._objects.get(block.index)
        if known is not None:
            return known
        shape = ObjectShape(False, block)
        lines = self._checks(block, planned) if checked_type and planned is not None else []
        answer = "d = {fields}" if block_collects(block) else "return {fields}"
        if self._row_class is not None and self._reads(block):
            lines.append("if type(v) is Row:")
            lines.append("    " + answer.format(fields=self._fields(block, of_row=True)))
            lines.append("else:")
            lines.append("    " + answer.format(fields=self._fields(block, of_row=False)))
        else:
            lines.append(answer.format(fields=self._fields(block, of_row=False)))
        if block_collects(block):
            lines.append(f"r[{block.index}].append((v, d, p))")
            lines.append("return d")
        name = self._write("object", "v, p, r" if block is self._plan.root else self._parameters(shape), lines)
        self._objects[block.index] = name
        return name

    def _checks(self, block: Block, planned: PlannedField) -> list[str]:
        """The class of a value is looked at once; `is_type_of` is asked each time unless it goes by the class alone."""
        test = block.type.is_type_of
        if test is None or getattr(test, BY_CLASS, False):
            vetted: set[type] = self._regular if test is None else set()
            known = self._name("known", vetted)
            if test is None:
                vet, passed = self._name("vet", vetting(vetted, None)), "v"
            else:
                info = self._name("info", info_of(planned))
                vet, passed = self._name("vet", vetting(vetted, test)), f"v, {info}(r)"
            return [f"if type(v) not in {known}: {vet}({passed})"]
        known, vet = self._name("known", self._regular), self._name("vet", vetting(self._regular, None))
        info = self._name("info", info_of(planned))
        return [
            f"if type(v) not in {known}: {vet}(v)",
            f"if {self._name('is_type_of', test)}(v, {info}(r)) is not True: raise IrregularError",
        ]

    def _reads(self, block: Block) -> bool:
        return any(isinstance(planned.kind, Direct) for planned in block.fields)

    def _fields(self, block: Block, *, of_row: bool) -> str:
        """The answer's dictionary, in the order of the document; asynchronous fields are filled in later."""
        entries = (f"{planned.key!r}: {self._field(planned, of_row=of_row)}" for planned in block.fields)
        return "{" + ", ".join(entries) + "}"

    def _field(self, planned: PlannedField, *, of_row: bool) -> str:
        match planned.kind:
            case None:
                return repr(planned.block.type.name)
            case Direct(attribute):
                source = self._attribute(attribute, of_row=of_row)
            case Computed(function):
                source = f"{self._name('computed', function)}(v)"
            case _:
                return "None"
        return self._value(planned.shape, source, f"(p, {planned.key!r})", planned)

    def _attribute(self, attribute: str, *, of_row: bool) -> str:
        if of_row and not hasattr(self._row_class, attribute):
            return f"v[{attribute!r}]"
        if attribute.isidentifier() and not keyword.iskeyword(attribute):
            return f"v.{attribute}"
        return f"getattr(v, {attribute!r})"

    def _leaf(self, shape: LeafShape, source: str) -> str:
        leaf = shape.leaf
        serialize = self._name("leaf", self._checked(leaf))
        first = source if source.isidentifier() else f"(x := {source})"
        x = source if source.isidentifier() else "x"
        if leaf.by_text is not None:
            return self._enum(leaf, shape, first, x, serialize)
        if not leaf.passes:
            return f"(None if {first} is None else {serialize}({x}))" if shape.nullable else f"{serialize}({source})"
        self._names.update(leaf.names)
        head, _, tail = leaf.passes.partition("{x}")
        passes = head + first + tail.replace("{x}", x)
        return f"({x} if {passes}{f' or {x} is None' if shape.nullable else ''} else {serialize}({x}))"

    def _enum(self, leaf: Leaf, shape: LeafShape, first: str, x: str, serialize: str) -> str:
        texts = self._name("texts", leaf.by_text)
        null = f"None if {first} is None else " if shape.nullable else ""
        text = f"{texts}[{x}] if type({x if shape.nullable else first}) is str else "
        member = ""
        if leaf.members is not None:
            values = self._name("values", leaf.by_value)
            member = f"{values}[{x}._value_] if type({x}) is {self._name('members', leaf.members)} else "
        return f"({null}{text}{member}{serialize}({x}))"

    def _checked(self, leaf: Leaf) -> Callable[[Any], Any]:
        function = self._serializers.get(id(leaf))
        if function is None:
            function = self._serializers[id(leaf)] = checked(leaf)
        return function


def sequence(value: Any) -> Any:
    """A value that may be iterated twice; anything else is left to the careful path."""
    if isinstance(value, tuple | list | set | frozenset) and not hasattr(value, "__await__"):
        return value
    raise IrregularError


def vetting(vetted: set[type], test: Callable[..., Any] | None) -> Callable[..., None]:
    """A function that admits the class of a value, or finds it irregular."""

    def vet(value: Any, info: Any = None) -> None:
        of = type(value)
        if issubclass(of, IRREGULAR_CLASSES) or hasattr(of, "__await__"):
            raise IrregularError
        if test is not None and test(value, info) is not True:
            raise IrregularError
        vetted.add(of)

    return vet


def block_collects(block: Block) -> bool:
    """Whether the parents of this block have to be remembered for asynchronous fields."""
    return any(planned.waits for planned in block.fields)


def is_tracked(shape: Shape) -> bool:
    """Whether asynchronous fields stand somewhere in values of this shape."""
    match shape:
        case LeafShape():
            return False
        case ListShape(of=of):
            return is_tracked(of)
        case ObjectShape(block=block):
            return block.tracked
        case AbstractShape(blocks=blocks):
            return any(block.tracked for block in blocks.values())


def is_informed(shape: Shape) -> bool:
    """Whether completing values of this shape asks functions that want to know the request."""
    match shape:
        case LeafShape():
            return False
        case ListShape(of=of):
            return is_informed(of)
        case AbstractShape():
            return True
        case ObjectShape(block=block):
            return block.type.is_type_of is not None or any(
                is_informed(planned.shape) for planned in block.fields if not planned.waits
            )
