"""Documents: parsed and validated once, remembered by their text; trusted ones also by their hash."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    Token,
    TokenKind,
    ValuesOfCorrectTypeRule,
    specified_rules,
    validate,
)
from graphql.language import Location
from graphql.language.parser import Parser

from transport.cost import Pricing
from transport.errors import Code, code_of, refusal, unexpected_cause
from transport.limits import INTROSPECTION_FIELDS, Limits, check_document
from transport.overlap import check_overlaps

REMEMBERED_DOCUMENTS_MAX = 1_000
REMEMBERED_CHARACTERS_MAX = 300_000  # a parsed document takes up to two hundred times the memory of its text
VALIDATION_ERRORS_MAX = 10
COMMENTS_MAX = 1_000
LOCATED_LINES_MAX = 5_000  # each error counts the lines before it: with more of them errors go without a location

NO_TOKEN = Token(TokenKind.SOF, 0, 0, 0, 0)


class TextParser(Parser):
    """Parses a document whose nodes know where they stand, and let go of its tokens.

    Each token points at the one before and behind: they were four fifths of a document's memory, and only the garbage
    collector, which hardly ever looks, could take them back.
    """

    def loc(self, start_token: Token) -> Location | None:
        """Where a node stands: offsets into the text."""
        location = super().loc(start_token)
        if location is not None:
            location.start_token = location.end_token = NO_TOKEN
        return location


class ValuesFitRule(ValuesOfCorrectTypeRule):
    """A value in the text that its type refuses has the same code as one that comes by a variable."""

    def report_error(self, error: GraphQLError) -> None:
        """Give the error its code; a scalar that stumbled is told without what its exception says."""
        if unexpected_cause(error) is not None:
            error = GraphQLError("A value in the document is not valid for its type.", error.nodes)
        error.extensions = {"code": Code.BAD_INPUT.value, **(error.extensions or {})}
        super().report_error(error)


RULES = [
    ValuesFitRule if rule is ValuesOfCorrectTypeRule else rule
    for rule in specified_rules
    if rule is not OverlappingFieldsCanBeMergedRule
]


class Operation:
    """One operation of a validated document; `fields` are the names of the fields at its root."""

    __slots__ = ("fields", "introspects", "kind", "name", "pricing")

    def __init__(self, node: OperationDefinitionNode, pricing: Pricing, introspects: bool) -> None:
        self.fields = frozenset(pricing.root_fields(node.selection_set))
        self.name = node.name.value if node.name else None
        self.kind: OperationType = node.operation
        self.pricing = pricing
        self.introspects = introspects


class Document:
    """A document that has been parsed, measured and validated."""

    __slots__ = ("asks_only_for_schema", "node", "only", "operations")

    def __init__(self, node: DocumentNode, schema: GraphQLSchema, limits: Limits) -> None:
        fragments = {item.name.value: item for item in node.definitions if isinstance(item, FragmentDefinitionNode)}
        introspects = _introspects(node)
        self.asks_only_for_schema = introspects and _asks_only_for_schema(node)
        self.node = node
        self.operations = {
            item.name.value if item.name else None: Operation(
                item, Pricing(schema, item, fragments, limits), introspects
            )
            for item in node.definitions
            if isinstance(item, OperationDefinitionNode)
        }
        self.only = next(iter(self.operations.values())) if len(self.operations) == 1 else None

    def pick(self, name: str | None) -> Operation:
        """The operation to run."""
        if name is None:
            if self.only is not None:
                return self.only
            raise refusal(Code.BAD_REQUEST, "The document has several operations: say which one in operationName.")
        operation = self.operations.get(name)
        if operation is None:
            raise refusal(Code.BAD_REQUEST, "The document has no operation of that operationName.")
        return operation


class DocumentRefused(Exception):  # noqa: N818  (an answer to the client, no failure of ours)
    """A document that cannot be run, with every reason."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


class Documents:
    """Texts in, validated documents out."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, trusted: Mapping[str, str] | None = None) -> None:
        self.schema = schema
        self.limits = limits
        self._trusted = dict(trusted or {})
        self._trusted_texts = set(self._trusted.values())
        self._trusted_documents: dict[str, Document] = {}
        self._free: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0

    def is_trusted(self, text: str) -> bool:
        """Whether this very text stands in the manifest."""
        return text in self._trusted_texts

    def knows(self, text: str) -> bool:
        """Whether the text needs no reading: it is trusted, or was read before."""
        return text in self._free or text in self._trusted_texts

    def trusted(self, document_id: str) -> Document:
        """The trusted document of that hash, with or without `sha256:` in front."""
        text = self._trusted.get(document_id.removeprefix("sha256:"))
        if text is None:
            raise refusal(Code.PERSISTED_QUERY_NOT_FOUND, "No trusted document has that documentId.")
        return self._trusted_document(text)

    def get(self, text: str, suggestions: bool = False) -> Document:
        """The document of that text; raises DocumentRefused. Suggestions tell names of the schema."""
        document = self._free.get(text)
        if document is not None:
            self._free.move_to_end(text)
            return document
        if text in self._trusted_texts:
            return self._trusted_document(text)
        document = self._made(text, suggestions)
        self._remember(text, document)
        return document

    def check_trusted(self) -> dict[str, list[str]]:
        """What is wrong with each trusted document, by hash; empty if all can be run."""
        wrong: dict[str, list[str]] = {}
        for document_id, text in self._trusted.items():
            try:
                self._trusted_document(text)
            except DocumentRefused as refused:
                wrong[document_id] = [error.message for error in refused.errors]
        return wrong

    def all_trusted(self) -> Iterable[Document]:
        """Every trusted document. Raises DocumentRefused for one that cannot be run."""
        return [self._trusted_document(text) for text in self._trusted.values()]

    def _trusted_document(self, text: str) -> Document:
        document = self._trusted_documents.get(text)
        if document is None:
            document = self._trusted_documents[text] = self._made(text, suggestions=False)
        return document

    def _remember(self, text: str, document: Document) -> None:
        self._free[text] = document
        self._characters += len(text)
        while len(self._free) > REMEMBERED_DOCUMENTS_MAX or self._characters > REMEMBERED_CHARACTERS_MAX:
            oldest, _ = self._free.popitem(last=False)
            self._characters -= len(oldest)

    def _made(self, text: str, suggestions: bool) -> Document:
        try:
            node = self._parsed(text)
            check_document(node, self.limits)
            errors = validate(
                self.schema, node, RULES, max_errors=VALIDATION_ERRORS_MAX, hide_suggestions=not suggestions
            )
            if errors:
                raise DocumentRefused([_as_validation_error(error) for error in errors])
            check_overlaps(self.schema, node)
            return Document(node, self.schema, self.limits)
        except GraphQLError as error:
            raise DocumentRefused([error]) from None
        except RecursionError:
            raise DocumentRefused([refusal(Code.DEPTH_LIMIT, "The document is nested too deeply.")]) from None

    def _parsed(self, text: str) -> DocumentNode:
        try:
            many_lines = text.count("\n") + text.count("\r") > LOCATED_LINES_MAX
            tokens = self.limits.tokens
            parser = TextParser(text, no_location=many_lines, max_lexical_tokens=tokens, max_comments=COMMENTS_MAX)
            return parser.parse_document()
        except GraphQLError as error:
            raise self._as_parse_error(error) from None

    def _as_parse_error(self, error: GraphQLError) -> GraphQLError:
        if "nested too deeply" in error.message:
            return refusal(Code.DEPTH_LIMIT, "The document is nested too deeply.")
        if "Document contains more than" in error.message:
            limit = self.limits.tokens
            return refusal(Code.TOKEN_LIMIT, f"A document has at most {limit} tokens.", limit=limit)
        error.extensions = {"code": Code.PARSE_FAILED.value}
        return error


def _as_validation_error(error: GraphQLError) -> GraphQLError:
    if code_of(error) is None:
        error.extensions = {**(error.extensions or {}), "code": Code.VALIDATION_FAILED.value}
    return error


def _introspects(node: DocumentNode) -> bool:
    """Whether any definition asks for the schema; such fields stand at the root, in a fragment at the latest."""
    waiting = [item.selection_set for item in node.definitions if hasattr(item, "selection_set")]
    while waiting:
        for selection in waiting.pop().selections:
            name = getattr(selection, "name", None)
            if name is not None and name.value in INTROSPECTION_FIELDS:
                return True
            below = getattr(selection, "selection_set", None)
            if below is not None:
                waiting.append(below)
    return False


def _asks_only_for_schema(node: DocumentNode) -> bool:
    """Whether nothing but the schema stands at the root of each operation, no fragment either."""
    return all(
        isinstance(selection, FieldNode) and selection.name.value in INTROSPECTION_FIELDS
        for item in node.definitions
        if isinstance(item, OperationDefinitionNode)
        for selection in item.selection_set.selections
    )
