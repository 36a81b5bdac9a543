"""Thousands of rows: what the preview and the commit of a large file take, and that what is kept is what it says."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from itertools import islice, pairwise, product
from pathlib import Path

import pytest
import pytest_asyncio

from models.directory.licenses import COVERED, LicenseClass
from models.directory.providers import DegreeLevel, Service
from models.imports.kinds import STATES
from models.imports.reading import ROWS_MAX
from models.rates.rates import Rate, VisitType
from tests.areas.imports.test_imports import HEADERS, committed, counts, day, preview_of, told
from tests.support.api import Api, api_on
from tests.support.databases import own_database
from tests.support.uploads import uploaded

SECONDS_MAX = 60
MEGABYTES_MAX = 300
COVERED_CLASSES = sorted((service, license_class) for service, classes in COVERED.items() for license_class in classes)


@pytest_asyncio.fixture(loop_scope="session")
async def api(postgres: str) -> AsyncIterator[Api]:
    """A client of a program of its own, whose budgets are never spent."""
    endless = {"cost_per_minute": 10**9, "cost_per_minute_source": 10**9}
    async with own_database(postgres) as settings, api_on(settings.model_copy(update=endless)) as client:
        yield client


def lines(number: int) -> list[str]:
    """So many different rows: each kind of session in each state, week by week, the last week first."""
    weeks = product(range(20, 0, -1), sorted(set(STATES.values())), VisitType, DegreeLevel, COVERED_CLASSES)
    return [line(*one) for one in islice(weeks, number)]


def line(week: int, state: str, visit: VisitType, degree: DegreeLevel, covered: tuple[Service, LicenseClass]) -> str:
    """One row."""
    service, license_class = covered
    return f"{visit},{service},{degree},{license_class},{state},{100 + week}.00,{day(7 * week)},"


def memory(name: str) -> int:
    """What this process uses (`VmRSS`) or has used at most (`VmHWM`), in megabytes."""
    (told_,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)]
    return int(told_.split()[1]) // 1024


def forget_the_peak() -> None:
    """Let `VmHWM` begin anew."""
    Path("/proc/self/clear_refs").write_text("5")


@pytest.mark.parametrize("number", [1_000, pytest.param(ROWS_MAX, marks=pytest.mark.soak)])
async def test_as_many_days_of_one_kind_are_kept_in_no_more_time(api: Api, number: int) -> None:
    rows = [f"intake,therapy,masters,LCSW,GU,{n % 900 + 1}.00,{day(n + 1)}," for n in range(number)]
    content = "\n".join([HEADERS, *rows]).encode()
    preview = (await preview_of(api, await uploaded(api, "FINANCE", "IMPORT", content, name="rates.csv")))["import"]
    began = time.perf_counter()
    assert told(await committed(api, preview)) == []
    print(f"{number} days of one kind: commit {time.perf_counter() - began:.1f} s")
    kept = await Rate.filter(state="GU").order_by("effective_from")
    assert len(kept) == number
    assert all(one.during.until == other.effective_from for one, other in pairwise(kept))
    assert kept[-1].during.until is None


@pytest.mark.parametrize("number", [2_000, pytest.param(ROWS_MAX, marks=pytest.mark.soak)])
async def test_a_large_file_takes_little_time_and_memory_and_every_row_is_kept(api: Api, number: int) -> None:
    before = await Rate.all().count()
    content = "\n".join([HEADERS, *lines(number)]).encode()
    upload_id = await uploaded(api, "FINANCE", "IMPORT", content, name="rates.csv")
    forget_the_peak()
    used, began = memory("VmRSS"), time.perf_counter()
    preview = (await preview_of(api, upload_id))["import"]
    compared = time.perf_counter()
    assert counts(preview) == (number, 0, 0, 0, 0)
    assert told(await committed(api, preview)) == []
    took = time.perf_counter() - began
    print(f"{number} rows: preview {compared - began:.1f} s, commit {took - compared + began:.1f} s, "
          f"{memory('VmHWM') - used} MB more than {used} MB")  # fmt: skip
    assert await Rate.all().count() == before + number
    latest = await Rate.filter(state="AL", visit_type=VisitType.INTAKE, degree_level=DegreeLevel.MASTERS,
                               license_class=LicenseClass.PSYCHOLOGIST).order_by("effective_from")  # fmt: skip
    assert all(one.during.until == other.effective_from for one, other in pairwise(latest))
    assert took < SECONDS_MAX
    assert memory("VmHWM") - used < MEGABYTES_MAX
    again = await uploaded(api, "FINANCE", "IMPORT", content, name="rates.csv")
    assert counts((await preview_of(api, again))["import"]) == (0, 0, number, 0, 0)
