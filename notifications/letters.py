"""Letters: a template and the facts of an event become one message, as HTML and as plain text.

Both forms come out of one file: it is written in paragraphs and a few marks (`details`, `button`), and each form
knows how to show them. So the two can never say different things.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
LINE_WIDTH = 72
SUBJECT_LENGTH_MAX = 60
HOURS_OF_CLOCK = 12


@dataclass(frozen=True, slots=True)
class Letter:
    """The words of one message."""

    subject: str
    text: str
    html: str


def write_letter(template: str, words: Mapping[str, Any]) -> Letter:
    """Render a template. Raises whatever is wrong with it or with the facts: a word that is missing, say."""
    plain, rich = (forms.get_template(f"{template}.jinja") for forms in (PLAIN, RICH))
    subject = "".join(plain.blocks["subject"](plain.new_context(dict(words))))
    subject = textwrap.shorten(subject, SUBJECT_LENGTH_MAX, placeholder=" …", break_on_hyphens=False)
    return Letter(
        subject=subject,
        text=plain.render(words, subject=subject).strip() + "\n",
        html=INLINER.inline(rich.render(words, subject=subject)),
    )


def compose(letter: Letter, *, to: str, sender: str, product: str, message_id: str, at: datetime) -> EmailMessage:
    """The letter as a message with its headers. Raises ValueError for an address or a header that is none."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(product, addr_spec=sender)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["List-Id"] = f"{product} <notifications.{sender.rpartition('@')[2]}>"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


@pass_context
def moment(context: Context, at: datetime) -> str:
    """An instant on the recipient's clock, with the zone's abbreviation: Tue, Nov 24, 2026, 9:00 AM EST."""
    zone: ZoneInfo = context["zone"]
    local = at.astimezone(zone)
    hour = local.hour % HOURS_OF_CLOCK or HOURS_OF_CLOCK
    return f"{local:%a, %b} {local.day}, {local.year}, {hour}:{local:%M %p %Z}"


@pass_context
def times(context: Context, openings: Sequence[tuple[datetime, str]]) -> list[tuple[str, str]]:
    """Openings as rows of details: with whom, and when."""
    return [(name, moment(context, starts_at)) for starts_at, name in openings]


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its word: 1 credit, 2 credits."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def rich_paragraphs(body: str) -> Markup:
    """The parts of a body as HTML: text becomes a paragraph, a mark stays what it is. Names were escaped before."""
    parts = (part.strip() for part in str(body).split("\n\n"))
    return Markup("\n").join(
        Markup(part) if part.startswith("<") else Markup(f"<p>{part}</p>")  # noqa: S704 — rendered with autoescape
        for part in parts
        if part
    )


def plain_paragraphs(body: str) -> str:
    """The parts of a body as lines of text, wrapped, but never inside an address; a mark stays what it is."""
    return "\n\n".join(
        part.strip("\n") if part.lstrip("\n").startswith("  ") else wrapped(" ".join(part.split()))
        for part in body.split("\n\n")
        if part.strip()
    )


def wrapped(line: str) -> str:
    """One paragraph in lines of a width that reads well."""
    return textwrap.fill(line, LINE_WIDTH, break_long_words=False, break_on_hyphens=False)


def rich_details(rows: Sequence[tuple[str, str]]) -> Markup:
    """A small table: what, and its value."""
    line = Markup('<tr><th scope="row">{}</th><td>{}</td></tr>')
    shown = Markup("").join(line.format(name, value) for name, value in rows if value)
    return Markup('<table class="details" role="presentation">{}</table>').format(shown)


def plain_details(rows: Sequence[tuple[str, str]]) -> str:
    """The same as indented lines."""
    return "\n".join(f"  {name}: {value}" for name, value in rows if value)


def rich_button(label: str, link: str) -> Markup:
    """A link that a thumb can hit."""
    return Markup('<p class="action"><a class="button" href="{}">{}</a></p>').format(link, label)


def plain_button(label: str, link: str) -> str:
    """The same as two lines, the address alone on its own, so that every program makes a link of it."""
    return f"  {label}:\n  {link}"


def rich_mail_address(address: str) -> Markup:
    """An e-mail address that opens a new message."""
    return Markup('<a href="mailto:{0}">{0}</a>').format(address)


def rich_web_address(address: str) -> Markup:
    """A web address that can be opened; nothing for none."""
    return Markup('<a href="{0}">{0}</a>').format(address) if address else Markup("")


def forms(extension: str, **marks: Any) -> Environment:
    """One form of all letters."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=extension == "html",  # noqa: S701 — plain text has nothing to escape
        undefined=StrictUndefined,
        lstrip_blocks=True,
    )
    environment.globals |= {"layout": f"base.{extension}", "counted": counted} | marks
    environment.filters |= {"moment": moment, "times": times, "paragraphs": marks["paragraphs"]}
    return environment


PLAIN = forms(
    "txt",
    paragraphs=plain_paragraphs,
    details=plain_details,
    button=plain_button,
    mail_address=str,
    web_address=str,
)
RICH = forms(
    "html",
    paragraphs=rich_paragraphs,
    details=rich_details,
    button=rich_button,
    mail_address=rich_mail_address,
    web_address=rich_web_address,
)
INLINER = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
