"""The README's transcript is what the program answers, ids and times aside."""

from __future__ import annotations

import json

from scripts.transcript import README, part, screen, section, steps, without_particulars
from settings import Settings
from tests.support.api import api_on
from tests.support.main_job import Run
from web.examples import FOLDER, read


async def test_the_transcript_of_the_main_job_is_what_a_fresh_server_answers(committed: Settings) -> None:
    async with api_on(committed) as api:
        run = Run(api)
        said = []
        for step in steps():
            variables = json.loads(run.filled(step.variables))
            said.append(section(step, variables, await run.step(step)))
    assert without_particulars(part(README.read_text(), "transcript").strip()) == without_particulars(
        "\n".join(said).strip()
    )


def test_the_screens_in_the_readme_are_the_documents_of_the_examples() -> None:
    shown = "\n".join(screen(read(path)) for path in sorted(FOLDER.glob("*.graphql")))
    assert part(README.read_text(), "screens").strip() == shown.strip()
