"""The page of the main job shows what the program answers, ids and times aside."""

from __future__ import annotations

import json

from scripts.pages import part
from scripts.transcript import PAGE, screen, section, without_particulars
from settings import Settings
from tests.support.api import api_on
from tests.support.main_job import Run
from web.examples import main_job, screens


async def test_the_transcript_of_the_main_job_is_what_a_fresh_server_answers(committed: Settings) -> None:
    async with api_on(committed) as api:
        run = Run(api)
        said = []
        for step in main_job():
            variables = json.loads(run.filled(step.variables))
            said.append(section(step, variables, await run.step(step)))
    assert without_particulars(part(PAGE, "transcript")) == without_particulars("\n".join(said).strip())


def test_the_screens_on_the_page_are_the_documents_of_the_examples() -> None:
    assert part(PAGE, "screens") == "\n".join(map(screen, screens())).strip()
