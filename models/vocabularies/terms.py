"""Vocabularies: terms that people choose from, as data. What code branches on is an enum instead."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from tortoise import fields

from models.base.access import EVERYTHING, Entity, Reach, Role, Viewer
from models.base.errors import CONSTRAINTS, Code, Refusal, refuse_if_any
from models.base.event_verbs import EventVerb
from models.base.events import new_event
from models.base.personal import Kept
from models.base.scopes import OPEN, Needed
from models.base.statements import Update, fetch_one, write
from models.base.words import Words

CODE_LENGTH_MAX = 60
LABEL_LENGTH_MAX = 100
POSITION_MAX = 1_000_000
BETWEEN = 10
"""How far a new term stands behind the last one, so that others fit between them."""


class TermKind(Words):
    """Vocabulary that a term belongs to."""

    SPECIALTY = "SPECIALTY", "What a provider has experience with (PR-12)."
    LANGUAGE = "LANGUAGE", "A language in which a provider holds sessions (PR-12); its code is that of BCP 47."
    PRESENTING_CONCERN = "PRESENTING_CONCERN", "The main concern addressed in a session (CL-1)."


class LabelLanguage(Words):
    """Language of a label."""

    EN = "EN", "English."
    ES = "ES", "Spanish."


LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?", re.ASCII)
CAPITALS = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", re.ASCII)
RULES: Mapping[TermKind, str] = {
    TermKind.SPECIALTY: "PR-12",
    TermKind.LANGUAGE: "PR-12",
    TermKind.PRESENTING_CONCERN: "CL-1",
}


class Term(Entity):
    """One term of a vocabulary. Its code stays for good; its labels may change, and it may be retired."""

    PREFIX: ClassVar[str] = "trm"
    SCOPE: ClassVar[Needed] = OPEN
    REACH: ClassVar[Reach] = dict.fromkeys(Role, EVERYTHING)

    kind = fields.CharEnumField(TermKind, max_length=20)
    code = fields.CharField(max_length=CODE_LENGTH_MAX)
    label_en = fields.CharField(max_length=LABEL_LENGTH_MAX)
    label_es = fields.CharField(max_length=LABEL_LENGTH_MAX)
    position = fields.IntField()
    added_by = fields.UUIDField(null=True)
    added_at = fields.DatetimeField()
    retired_at = fields.DatetimeField(null=True)

    NOT_PERSONAL: ClassVar[frozenset[str]] = frozenset({"code", "label_en", "label_es"})
    KEPT: ClassVar[Kept] = Kept(long="for good", why="what the codes in older rows mean")

    class Meta:
        """UNIQUE: a code in its vocabulary, and each label among those in use; triggers keep kind and code."""

        table = "terms"

    @classmethod
    async def add(
        cls, kind: TermKind, code: str, *, label_en: str, label_es: str, position: int | None, by: Viewer, at: datetime
    ) -> Term:
        """Add a term, at the end of its vocabulary unless a position is given."""
        refuse_if_any(await new_term_refusals(kind, code, label_en, label_es, position))
        if position is None:
            last = await fetch_one(LAST_POSITION, kind.value)
            position = min(last.position + BETWEEN, POSITION_MAX)
        term = cls(
            kind=kind, code=code, label_en=label_en, label_es=label_es, position=position,
            added_by=by.account_id, added_at=at,
        )  # fmt: skip
        await write(term, new_event(EventVerb.TERM_ADDED, term, by=by, at=at))
        return term

    async def change(
        self, *, label_en: str | None, label_es: str | None, position: int | None, by: Viewer, at: datetime
    ) -> None:
        """Change labels or position; None leaves as it is. The row is locked."""
        taken = [] if self.retired_at is not None else await self._taken(label_en, label_es)
        refuse_if_any([*position_refusals(position), *(ALREADY[name] for name in taken)])
        wanted = {"label_en": label_en, "label_es": label_es, "position": position}
        columns = {name: one for name, one in wanted.items() if one is not None}
        if not columns:
            raise Refusal(Code.INVALID, "Nothing is to be changed.", fix="Give a label or a position.")
        await self._write(EventVerb.TERM_CHANGED, by=by, at=at, **columns)

    async def retire(self, *, by: Viewer, at: datetime) -> None:
        """Offer it no longer: no new row may have it, and older rows keep it. The row is locked."""
        if self.retired_at is not None:
            raise self._not_open("This term is retired already.", "Restore it to offer it again.")
        await self._write(EventVerb.TERM_RETIRED, by=by, at=at, retired_at=at)

    async def restore(self, *, by: Viewer, at: datetime) -> None:
        """Offer it again. The row is locked."""
        if self.retired_at is None:
            raise self._not_open("This term is in use.", "Choose a retired one.")
        refuse_if_any([self._doubled(name) for name in await self._taken(self.label_en, self.label_es)])
        await self._write(EventVerb.TERM_RESTORED, by=by, at=at, retired_at=None)

    async def _write(self, verb: EventVerb, *, by: Viewer, at: datetime, **columns: Any) -> None:
        await write(Update(self, **columns), new_event(verb, self, by=by, at=at, code=self.code))

    async def _taken(self, label_en: str | None, label_es: str | None) -> list[str]:
        """Which of these labels another term in use has."""
        taken = await fetch_one(TAKEN, self.kind.value, None, label_en, label_es, self.id)
        return [name for name in ("label_en", "label_es") if taken[name]]

    def _doubled(self, name: str) -> Refusal:
        return Refusal(
            Code.CONFLICT, ALREADY[name].message, rule=RULES[self.kind], path=["termId"],
            fix="Change the label of one of the two by changeTerm, then restore it.",
        )  # fmt: skip

    def _not_open(self, message: str, fix: str) -> Refusal:
        return Refusal(Code.NOT_OPEN, message, rule=RULES[self.kind], path=["termId"], fix=fix)


LAST_POSITION = """
SELECT coalesce(max(position), 0) AS position FROM terms WHERE kind = $1 AND retired_at IS NULL
"""
"""Where the last term in use of a vocabulary stands; 0 in an empty one."""

TAKEN = """
SELECT count(*) FILTER (WHERE code = $2) > 0 AS code,
       count(*) FILTER (WHERE retired_at IS NULL AND folded(label_en) = folded($3)) > 0 AS label_en,
       count(*) FILTER (WHERE retired_at IS NULL AND folded(label_es) = folded($4)) > 0 AS label_es
  FROM terms WHERE kind = $1 AND id IS DISTINCT FROM $5::uuid
"""
"""What of a new term, or of one that is there (the last value), its vocabulary has already."""

UNKNOWN = "SELECT unknown_terms('SPECIALTY', $1) AS specialties, unknown_terms('LANGUAGE', $2) AS languages"
"""The codes among these that are of no term in use."""


async def new_term_refusals(
    kind: TermKind, code: str | None, label_en: str | None, label_es: str | None, position: int | None
) -> list[Refusal]:
    """Everything that speaks against a new term, at once; None is a text that cannot be judged."""
    found = position_refusals(position)
    form, like = (LANGUAGE_TAG, "a tag of BCP 47: es, zh-Hant") if kind is TermKind.LANGUAGE else (CAPITALS, "GRIEF")
    if code is not None and not (len(code) <= CODE_LENGTH_MAX and form.fullmatch(code)):
        found.append(
            Refusal(
                Code.INVALID, "This is not the form of a code.", rule=RULES[kind], path=["code"],
                fix=f"Write it like {like}, in at most {CODE_LENGTH_MAX} characters.",
            )
        )  # fmt: skip
    taken = await fetch_one(TAKEN, kind.value, code, label_en, label_es, None)
    for name in ("code", "label_en", "label_es"):
        if taken[name]:
            found.append(ALREADY[name])
    return found


def position_refusals(position: int | None) -> list[Refusal]:
    """What speaks against a place in the order."""
    if position is None or 0 <= position <= POSITION_MAX:
        return []
    return [
        Refusal(
            Code.OUT_OF_BOUNDS, f"A position is 0 to {POSITION_MAX}.", path=["position"],
            fix=f"Terms stand {BETWEEN} apart; choose a number between two of them.",
        )
    ]  # fmt: skip


async def unknown_refusals(specialties: Sequence[str], languages: Sequence[str]) -> list[Refusal]:
    """For each specialty and language of a profile that is no term in use, that it is none."""
    if not specialties and not languages:
        return []
    unknown = await fetch_one(UNKNOWN, list(specialties), list(languages))
    return [
        unknown_term(kind, [name, str(index)])
        for kind, name, codes in (
            (TermKind.SPECIALTY, "specialties", specialties),
            (TermKind.LANGUAGE, "languages", languages),
        )
        for index, code in enumerate(codes)
        if code in unknown[name]
    ]


def unknown_term(kind: TermKind, path: Sequence[str]) -> Refusal:
    """A code that no new row may have."""
    what = kind.value.lower().replace("_", " ")
    return Refusal(
        Code.INVALID, f"There is no {what} in use with this code.", rule=RULES[kind], path=path,
        fix=f"Choose a code that `vocabularies` lists for {kind.value}.",
    )  # fmt: skip


ALREADY = {
    "code": Refusal(
        Code.CONFLICT, "This vocabulary has a term with this code already.", path=["code"],
        fix="Change the term that is there, or restore it if it is retired.",
    ),
    "label_en": Refusal(
        Code.CONFLICT, "A term in use has this English label already.", path=["labelEn"],
        fix="Use that term, or choose another label.",
    ),
    "label_es": Refusal(
        Code.CONFLICT, "A term in use has this Spanish label already.", path=["labelEs"],
        fix="Use that term, or choose another label.",
    ),
}  # fmt: skip
CONSTRAINTS["terms_code"] = ALREADY["code"]
CONSTRAINTS["terms_label_en_once"] = ALREADY["label_en"]
CONSTRAINTS["terms_label_es_once"] = ALREADY["label_es"]
