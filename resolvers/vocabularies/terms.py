"""How requests about vocabularies are answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from execution import Batched, Selection
from models.base.errors import Refusal, not_found
from models.vocabularies import terms
from models.vocabularies.terms import CODE_LENGTH_MAX, LABEL_LENGTH_MAX, LabelLanguage, Term, TermKind
from operations.arguments import Filter, Text
from operations.context import Context
from operations.reads.pages import Order, Page, PageRequest
from operations.reads.relations import page as page_of
from operations.reads.rows import find_locked
from operations.reads.searching import SEARCH, has_part

IN_ORDER = Order("position")
LABEL = Text(LABEL_LENGTH_MAX, one_line=True, needed=True)
OfTerm = Annotated[UUID, Term, "Id of the term."]
Position = Annotated[int | None, "Place in the order of its vocabulary; those that are loaded stand ten apart."]


class TermFilter(Filter):
    """Conditions on a vocabulary; all must hold."""

    kind: Annotated[TermKind, "The vocabulary."]
    with_retired: Annotated[bool, "Also terms that are retired, as older rows have them; default false."] = False
    search: Annotated[str | None, SEARCH, "Part of the label, in either language."] = None


async def many(
    context: Context, selection: Selection, *, page: PageRequest, filter: Annotated[TermFilter, "Which terms."]
) -> Page:
    """A vocabulary to choose from, in its order: specialties, languages or presenting concerns."""
    where, values = "terms.kind = $1", [filter.kind.value]
    if not filter.with_retired:
        where += " AND terms.retired_at IS NULL"
    if filter.search:
        where += f" AND {has_part('folded(terms.label_en)', 'folded(terms.label_es)', slot='$2')}"
        values.append(filter.search)
    return await page_of(context, Term, selection, page, order=IN_ORDER, where=where, values=values)


async def labels(
    context: Context,
    parents: list[Any],
    selection: Selection,
    *,
    language: Annotated[LabelLanguage, "Language of the label."] = LabelLanguage.EN,
) -> list[str]:
    """For each term its label in a language."""
    return [parent.label_en if language is LabelLanguage.EN else parent.label_es for parent in parents]


LABELS = Batched(labels, needs=("label_en", "label_es"))


async def add(
    context: Context,
    *,
    kind: Annotated[TermKind, "The vocabulary."],
    code: Annotated[
        str,
        Text(CODE_LENGTH_MAX, one_line=True, needed=True),
        "Code, which stays for good: in capitals, GRIEF; for a language its tag of BCP 47, es.",
    ],
    label_en: Annotated[str, LABEL, "Label in English."],
    label_es: Annotated[str, LABEL, "Label in Spanish."],
    position: Position = None,
) -> Term:
    """Add a term to a vocabulary, at its end unless a position is given."""
    return await Term.add(
        kind, code, label_en=label_en, label_es=label_es, position=position, by=context.viewer, at=context.now
    )


async def check_new(
    context: Context,
    *,
    kind: TermKind,
    code: str | None,
    label_en: str | None,
    label_es: str | None,
    position: int | None,
) -> list[Refusal]:
    """What speaks against a new term."""
    return await terms.new_term_refusals(kind, code, label_en, label_es, position)


async def change(
    context: Context,
    *,
    term_id: OfTerm,
    label_en: Annotated[str | None, LABEL, "Label in English; unchanged if left out."] = None,
    label_es: Annotated[str | None, LABEL, "Label in Spanish; unchanged if left out."] = None,
    position: Position = None,
) -> Term:
    """Change how a term is called or where it stands. Its code and what it means stay."""
    term = await find_locked(context, Term, term_id, path="termId")
    await term.change(label_en=label_en, label_es=label_es, position=position, by=context.viewer, at=context.now)
    return term


async def check_change(context: Context, *, term_id: UUID | None, position: int | None) -> list[Refusal]:
    """What speaks against a change, whatever the labels are."""
    found = terms.position_refusals(position)
    if term_id is not None and await Term.visible(context.viewer, term_id) is None:
        found.append(not_found("term", path=["termId"]))
    return found


async def retire(context: Context, *, term_id: OfTerm) -> Term:
    """Retire a term: it is offered no longer and refused for anything new; what has it already keeps it."""
    term = await find_locked(context, Term, term_id, path="termId")
    await term.retire(by=context.viewer, at=context.now)
    return term


async def restore(context: Context, *, term_id: OfTerm) -> Term:
    """Offer a retired term again."""
    term = await find_locked(context, Term, term_id, path="termId")
    await term.restore(by=context.viewer, at=context.now)
    return term
