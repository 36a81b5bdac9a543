"""The fast path of a plan as generated Python: one expression a field, no path, no error handling.

The generated code computes only what may be computed twice. At the first irregularity it raises, and the careful
path of `completion` does the same step again, with graphql-core's errors.

In generated functions `v` is the value to complete, `d` its answer, `p` its place, and `r` the frames of the run.
"""

from __future__ import annotations

import keyword
from typing import Any

from graphql import default_type_resolver

from execution.fields import Computed, Derived, Direct
from execution.leaves import IrregularError, Leaf, checked, leaf_expression
from execution.plan import AbstractShape, Block, LeafShape, ListShape, ObjectShape, Plan, PlannedField, Shape
from execution.regular import Rows, sequence, vetting
from execution.run import info_of

BY_CLASS = "by_class"


def generate(plan: Plan, row_classes: tuple[type, ...]) -> None:
    """Give a plan and its asynchronous fields their generated functions."""
    Generator(plan, row_classes).generate()


class Generator:
    """Writes the module of one plan."""

    def __init__(self, plan: Plan, row_classes: tuple[type, ...]) -> None:
        self._plan = plan
        self._row_classes = row_classes
        self._functions: list[str] = []
        self._names = plan.names
        self._names |= {"sequence": sequence, "IrregularError": IrregularError}
        self._known: dict[int, str] = {}
        self._written: dict[int, str] = {}
        self._serializers: dict[int, Any] = {}
        self._steps: list[tuple[PlannedField, str]] = []
        self._regular: set[type] = set()
        self._rows = Rows(row_classes)
        self._names["rows"] = self._rows.classes

    def generate(self) -> None:
        """Write, compile and hand out the functions."""
        root = None if self._plan.serial else self._root(self._plan.root)
        for planned in self._plan.following:
            self._step(planned)
        source = self._plan.source = "\n".join(self._functions)
        # The text is our own: of what clients write it has only their names, and those as literals.
        exec(compile(source, "<compiled GraphQL operation>", "exec"), self._names)  # noqa: S102
        if root is not None:
            self._plan.complete = self._names[root]
        for planned, name in self._steps:
            planned.complete = self._names[name]

    def _name(self, prefix: str, value: Any) -> str:
        """A global name for a value from outside."""
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = f"{prefix}_{len(self._names)}"
            self._names[known] = value
        return known

    def _write(self, prefix: str, parameters: str, lines: list[str]) -> str:
        name = f"{prefix}_{len(self._functions)}_of_plan"
        self._functions.append("\n".join([f"def {name}({parameters}):", *indented(lines)]) + "\n")
        return name

    def _root(self, block: Block) -> str:
        return self._write("root", "v, p, r", [*self._answer(block), "return d"])

    def _step(self, planned: PlannedField) -> None:
        """The completion of an asynchronous field for all parents of its level."""
        place, target = f"(q, {planned.key!r})", f"h[{planned.key!r}]"
        shape = planned.shape
        if isinstance(shape, ObjectShape):
            lines = [*self._before(shape.block, planned), "for (_, h, q), v in zip(entries, values):"]
            if shape.nullable:
                lines += [f"    if v is None: {target} = None; continue"]
            if is_tracked(shape):
                lines += [f"    p = {place}"]
            lines += indented([*self._checks(shape.block, planned), *self._answer(shape.block), f"{target} = d"])
        else:
            value = self._value(shape, "v", place, planned)
            lines = ["for (_, h, q), v in zip(entries, values):", f"    {target} = {value}"]
        self._steps.append((planned, self._write("step", "entries, values, r", lines)))
        for following in planned.following:
            self._step(following)

    def _value(self, shape: Shape, source: str, place: str, planned: PlannedField) -> str:
        """An expression for the completed value of the expression `source`."""
        if isinstance(shape, LeafShape):
            return self._leaf(shape, source)
        function = self._function(shape, planned)
        passed = f", {place}, r" if is_tracked(shape) else ", r" if is_informed(shape) else ""
        if not shape.nullable:
            return f"{function}({source}{passed})"
        if source.isidentifier():
            return f"(None if {source} is None else {function}({source}{passed}))"
        return f"(None if (x := {source}) is None else {function}(x{passed}))"

    def _function(self, shape: Shape, planned: PlannedField) -> str:
        """The function that completes values of a shape, written at its first use."""
        name = self._written.get(id(shape))
        if name is None:
            match shape:
                case ListShape():
                    name = self._list(shape, planned)
                case ObjectShape():
                    name = self._object(shape, planned)
                case AbstractShape():
                    name = self._abstract(shape, planned)
                case _:
                    raise TypeError(shape)
            self._written[id(shape)] = name
        return name

    def _list(self, shape: ListShape, planned: PlannedField) -> str:
        of, tracked = shape.of, is_tracked(shape)
        lines = ["if type(s) is not list: s = sequence(s)"]
        if isinstance(of, ObjectShape):
            lines += ["a = []", *self._before(of.block, planned)]
            lines += ["for n, v in enumerate(s):" if tracked else "for v in s:"]
            if of.nullable:
                lines += ["    if v is None: a.append(None); continue"]
            if tracked:
                lines += ["    p = (q, n)"]
            lines += indented([*self._checks(of.block, planned), *self._answer(of.block), "a.append(d)"])
            lines += ["return a"]
        else:
            item = self._value(of, "v", "(q, n)", planned)
            lines += [f"return [{item} for {'n, v in enumerate(s)' if tracked else 'v in s'}]"]
        return self._write("list", parameters("s, q" if tracked else "s", shape), lines)

    def _object(self, shape: ObjectShape, planned: PlannedField) -> str:
        lines = [*self._before(shape.block, planned), *self._checks(shape.block, planned)]
        lines += [*self._answer(shape.block), "return d"]
        return self._write("object", parameters("v, p" if is_tracked(shape) else "v", shape), lines)

    def _abstract(self, shape: AbstractShape, planned: PlannedField) -> str:
        """Values of an interface or a union, each completed as what it turns out to be."""
        resolve = self._name("resolve_type", shape.type.resolve_type or default_type_resolver)
        of, info = self._name("abstract", shape.type), self._info(planned)
        lines = [f"t = {resolve}(v, {info}(r), {of})"]
        for name, concrete in shape.concrete.items():
            place = "p" if is_tracked(concrete) else "None"
            lines.append(f"if t == {name!r}: return {self._value(concrete, 'v', place, planned)}")
        lines.append("raise IrregularError")
        return self._write("abstract", parameters("v, p" if is_tracked(shape) else "v", shape), lines)

    def _before(self, block: Block, planned: PlannedField) -> list[str]:
        """What is looked up once for all values of a list or a level: what `is_type_of` is told of the field."""
        test = block.type.is_type_of
        return [] if test is None or getattr(test, BY_CLASS, False) else [f"o = {self._info(planned)}(r)"]

    def _checks(self, block: Block, planned: PlannedField) -> list[str]:
        """The class of a value is looked at once; `is_type_of` is asked each time unless it goes by the class alone."""
        test = block.type.is_type_of
        if test is not None and getattr(test, BY_CLASS, False):
            vetted: set[type] = set()
            known, vet = self._name("known", vetted), self._name("vet", vetting(vetted, self._rows, test))
            return [f"if type(v) not in {known}: {vet}(v, {self._info(planned)}(r))"]
        known, vet = self._name("known", self._regular), self._name("vet", vetting(self._regular, self._rows, None))
        lines = [f"if type(v) not in {known}: {vet}(v)"]
        if test is not None:
            lines.append(f"if {self._name('is_type_of', test)}(v, o) is not True: raise IrregularError")
        return lines

    def _info(self, planned: PlannedField) -> str:
        key = id(planned)
        if key not in self._known:
            self._known[key] = self._name("info", info_of(planned))
        return self._known[key]

    def _answer(self, block: Block) -> list[str]:
        """Lines that make `d` of `v`; asynchronous fields are filled in later, for all parents that wait here."""
        if self._row_classes and any(isinstance(planned.kind, Direct | Derived) for planned in block.fields):
            of_row, of_object = self._fields(block, of_row=True), self._fields(block, of_row=False)
            lines = [f"if type(v) in rows: d = {of_row}", f"else: d = {of_object}"]
        else:
            lines = [f"d = {self._fields(block, of_row=False)}"]
        if any(planned.waits for planned in block.fields):
            lines.append(f"r[{block.index}].append((v, d, p))")
        return lines

    def _fields(self, block: Block, *, of_row: bool) -> str:
        entries = (f"{planned.key!r}: {self._field(planned, of_row=of_row)}" for planned in block.fields)
        return "{" + ", ".join(entries) + "}"

    def _field(self, planned: PlannedField, *, of_row: bool) -> str:
        match planned.kind:
            case None:
                return repr(planned.block.type.name)
            case Direct(attribute):
                source = self._attribute(attribute, of_row=of_row)
            case Derived(attribute, function):
                source = f"{self._name('derived', function)}({self._attribute(attribute, of_row=of_row)})"
            case Computed(function):
                source = f"{self._name('computed', function)}(v)"
            case _:
                return "None"
        return self._value(planned.shape, source, f"(p, {planned.key!r})", planned)

    def _attribute(self, attribute: str, *, of_row: bool) -> str:
        self._rows.read.add(attribute)
        # What a row has besides its columns comes first, as it does for an attribute.
        if of_row and not any(hasattr(of, attribute) for of in self._row_classes):
            return f"v[{attribute!r}]"
        if attribute.isidentifier() and not keyword.iskeyword(attribute):
            return f"v.{attribute}"
        return f"getattr(v, {attribute!r})"

    def _leaf(self, shape: LeafShape, source: str) -> str:
        leaf = shape.leaf
        values = {
            "serialize": self._checked(leaf),
            "texts": leaf.by_text,
            "values": leaf.by_value,
            "members": leaf.members,
        }
        names = {name: self._name(name, value) for name, value in values.items() if value is not None}
        self._names.update(leaf.names)
        return leaf_expression(leaf, source, names, nullable=shape.nullable)

    def _checked(self, leaf: Leaf) -> Any:
        if id(leaf) not in self._serializers:
            self._serializers[id(leaf)] = checked(leaf)
        return self._serializers[id(leaf)]


def indented(lines: list[str]) -> list[str]:
    """Lines one level deeper."""
    return [f"    {line}" for line in lines]


def parameters(own: str, shape: Shape) -> str:
    """The parameters of a function for a shape: the frames as well, if anything below asks for them."""
    return f"{own}, r" if is_tracked(shape) or is_informed(shape) else own


def is_tracked(shape: Shape) -> bool:
    """Whether asynchronous fields stand somewhere in values of this shape."""
    match shape:
        case LeafShape():
            return False
        case ListShape(of=of):
            return is_tracked(of)
        case ObjectShape(block=block):
            return block.tracked
        case AbstractShape(concrete=concrete):
            return any(is_tracked(one) for one in concrete.values())


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
