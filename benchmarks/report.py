"""The results: a table to read, lines in `history.csv`, a picture in `latest.svg`; ratios, no times of a machine."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from benchmarks.decks import Operation
from benchmarks.measuring import Figures, Spread

HERE = Path(__file__).parent
TARGETS = {
    "mobile-home": (2.5, 2.5),
    "directory-page": (2.0, 2.0),
    "partner-dashboard": (2.0, 2.0),
    "book": (1.5, 1.6),
}
HEAD = ("operation", "latency x", "quartiles", "throughput x", "quartiles", "target")


def table(operations: Sequence[Operation], found: Mapping[str, Figures]) -> str:
    """Ratios of medians, the quartiles over the rounds, and the absolute figures of this machine at the end."""
    lines = [HEAD]
    for operation in operations:
        latency, rate = ratios(found[operation.name])
        target = "{} / {}".format(*TARGETS[operation.name]) if operation.name in TARGETS else ""
        lines.append(
            (operation.title, f"{latency.middle:.2f}", f"{latency.low:.2f}-{latency.high:.2f}", f"{rate.middle:.2f}",
             f"{rate.low:.2f}-{rate.high:.2f}", target)
        )  # fmt: skip
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    drawn = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    here = [f"  {operation.title}: {absolute(found[operation.name])}" for operation in operations]
    return "\n".join([*drawn, "", "on this machine, product / floor:", *here])


def ratios(figures: Figures) -> tuple[Spread, Spread]:
    """Latency and throughput against the floor."""
    return Spread.of(figures.latency_ratios()), Spread.of(figures.rate_ratios())


def absolute(figures: Figures) -> str:
    """Milliseconds at one connection and answers a second at 32."""
    times = {side: Spread.of(values).middle * 1000 for side, values in figures.latency.items()}
    rates = {side: Spread.of(values).middle for side, values in figures.rate.items()}
    alone = f"{times['product']:.2f} / {times['floor']:.2f} ms alone"
    return f"{alone}, {rates['product']:.0f} / {rates['floor']:.0f} a second"


def keep(operations: Sequence[Operation], found: Mapping[str, Figures]) -> None:
    """Append the run to the history and draw it."""
    history = HERE / "history.csv"
    is_new = not history.exists()
    with history.open("a", newline="") as file:
        writer = csv.writer(file)  # noqa: TID251 — figures of our own, which no spreadsheet runs
        if is_new:
            writer.writerow(("at", "commit", "operation", "latency", "latency_low", "latency_high", "throughput",
                             "throughput_low", "throughput_high"))  # fmt: skip
        for operation in operations:
            spreads = ratios(found[operation.name])
            cells = [f"{value:.3f}" for spread in spreads for value in (spread.middle, spread.low, spread.high)]
            writer.writerow((f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}", commit(), operation.name, *cells))
    (HERE / "latest.svg").write_text(picture(operations, found))


def commit() -> str:
    """The commit that was measured, with a sign if files differ from it."""
    told = subprocess.run(["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True, cwd=HERE)
    return told.stdout.strip() or "unknown"


ROW, LEFT, WIDTH, MOST = 46, 170, 520, 3.0


def picture(operations: Sequence[Operation], found: Mapping[str, Figures]) -> str:
    """Bars of ratios: the floor is 1, a mark shows each target."""
    height = 70 + ROW * len(operations)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 90} {height}" font-family="sans-serif"'
        ' font-size="13">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        '<text x="12" y="24" font-size="16">Times the floor of hand-written code (1 is the floor, less is better)'
        "</text>",
        *legend(LEFT, "#2b6cb0", "latency, one connection"),
        *legend(LEFT + 190, "#90cdf4", "throughput, 32 connections"),
    ]
    for number, operation in enumerate(operations):
        top = 62 + ROW * number
        parts.append(f'<text x="12" y="{top + 20}">{escape(operation.title)}</text>')
        marks = TARGETS.get(operation.name, (None, None))
        for place, (spread, mark, color) in enumerate(
            zip(ratios(found[operation.name]), marks, ("#2b6cb0", "#90cdf4"), strict=True)
        ):
            parts.extend(bar(spread, mark, color, top + 16 * place))
    floor_at = LEFT + WIDTH / MOST
    parts.append(f'<line x1="{floor_at:.1f}" x2="{floor_at:.1f}" y1="56" y2="{height - 8}" stroke="#1a202c"/>')
    return "\n".join([*parts, "</svg>", ""])


def legend(x: int, color: str, text: str) -> list[str]:
    """What a colour stands for."""
    return [f'<rect x="{x}" y="36" width="12" height="12" fill="{color}"/>', f'<text x="{x + 18}" y="47">{text}</text>']


def bar(spread: Spread, mark: float | None, color: str, top: int) -> list[str]:
    """One bar, its number, its spread, and its target."""

    def at(value: float) -> float:
        return LEFT + WIDTH * min(value, MOST) / MOST

    low, middle, high, centre = at(spread.low), at(spread.middle), at(spread.high), top + 6.5
    drawn = [
        f'<rect x="{LEFT}" y="{top}" width="{middle - LEFT:.1f}" height="13" fill="{color}"/>',
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{centre}" y2="{centre}" stroke="#4a5568"/>',
        f'<text x="{max(middle, high) + 6:.1f}" y="{top + 11}">{spread.middle:.2f}</text>',
    ]
    if mark is not None:
        x = at(mark)
        drawn.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top - 1}" y2="{top + 14}" stroke="#c53030" stroke-width="2"/>'
        )
    return drawn
