"""What a client writes reaches the generated code as the literals of response keys, and in no other way."""

from __future__ import annotations

import ast

import pytest
from graphql import DocumentNode, parse, validate

from tests.execution.both import compiled, core
from tests.execution.comparing import assert_same
from tests.execution.sample import schema
from tests.execution.world import Context, World

NAMES = [
    "__import__",
    "__builtins__",
    "None",
    "import",
    "exec",
    "rows",
    "sequence",
    "IrregularError",
    "v",
    "d",
    "p",
    "r",
]
DOCUMENT = """
query NAME($NAME: Boolean!) {
  NAME: box { NAME: key ...NAME }
  other: plain
}
fragment NAME on Box { text @include(if: $NAME) }
"""


class Literals(ast.NodeTransformer):
    """Makes all literals of texts the same."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        """One literal."""
        return ast.Constant("") if isinstance(node.value, str) else node


def document_of(name: str) -> DocumentNode:
    """The document, with this name wherever a client may choose one."""
    document = parse(DOCUMENT.replace("NAME", name))
    assert validate(schema._schema, document) == []
    return document


def code_of(name: str) -> str:
    """The structure of the code that is generated for the document, without its literals."""
    plan = compiled.plan_of(document_of(name), variables={name: True})
    assert plan is not None
    assert repr(name) in plan.source
    return ast.dump(Literals().visit(ast.parse(plan.source)))


@pytest.mark.parametrize("name", NAMES)
def test_names_of_python_and_of_the_generator_change_nothing_but_literals(name: str) -> None:
    assert code_of(name) == code_of("usual")


@pytest.mark.parametrize("name", NAMES)
async def test_such_names_are_answered_as_by_graphql_core(name: str) -> None:
    document, answers = document_of(name), []
    for plans in (core, compiled):
        answers.append(await plans.execute(document, variables={name: True}, context=Context(World(0, 0))))
    assert answers[0].data is not None
    assert_same(answers[0], answers[1])


def test_the_values_of_arguments_are_not_in_the_code() -> None:
    plan = compiled.plan_of(parse('{ echo(number: 8675309, text: "planted") }'))
    assert plan is not None
    assert "'echo'" in plan.source
    assert "planted" not in plan.source
    assert "8675309" not in plan.source
