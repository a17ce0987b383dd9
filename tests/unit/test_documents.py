"""What documents tell people to type is understood: targets of make, verbs and options of fleet.

`tests/e2e/test_readme.py` runs what is said of the local stack.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
from fleet.cli import app
from typer._click.exceptions import MissingParameter
from typer.core import TyperGroup

from tests.kit.documents import Command, commands
from tests.kit.program import ROOT

PLACES = {
    "<env>": "dev",
    "<name>": "scheduled-digest",
    "<queue>": "messages-dead-letters",
    "<who uses it>": "scheduled-digest",
}
RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "images").glob("*/README.md")),
]
WITH_COMMANDS = {
    document.relative_to(ROOT).as_posix(): found
    for document in DOCUMENTS
    if (found := commands(document))
}


def filled(text: str) -> str:
    for place, example in PLACES.items():
        text = text.replace(place, example)
    return text


def misunderstood(text: str) -> str:
    """Why a command is not understood; empty when it is. Nothing is run."""
    program, *words = shlex.split(filled(text))
    if program == "make":
        ended = subprocess.run(
            ["make", "--dry-run", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        return ended.stderr if ended.returncode else ""
    try:
        parse(typer.main.get_command(app), words)
    except typer.exceptions.Exit:  # --help
        return ""
    except typer.exceptions.TyperException as error:
        # A sentence names a verb without what it needs.
        named = all(word.isalpha() for word in words)
        return "" if named and isinstance(error, MissingParameter) else str(error)
    return ""


def parse(command: Any, words: list[str]) -> None:
    with command.make_context(command.name, list(words)) as context:
        if isinstance(command, TyperGroup):
            rest = [*context._protected_args, *context.args]
            _, chosen, rest = command.resolve_command(context, rest)
            assert chosen
            parse(chosen, rest)


@pytest.mark.parametrize("document", WITH_COMMANDS)
def test_every_command_of_a_document_is_understood(document: str) -> None:
    found = WITH_COMMANDS[document]
    assert {c.text: why for c in found if (why := misunderstood(c.text))} == {}


def test_the_documents_with_commands_are_found() -> None:
    assert {"README.md", "docs/releases.md", "docs/runbooks/roll-back.md"} <= set(WITH_COMMANDS)
    assert len(WITH_COMMANDS["README.md"]) > 30


def test_a_runbook_names_the_environment_of_every_verb() -> None:
    """Without it a verb acts on the stack of this machine."""
    found = [c for d in RUNBOOKS for c in commands(d) if c.program == "fleet"]
    # A sentence names a verb alone; `fleet new` makes files.
    acting = [c for c in found if len(c.words) > 2 and c.words[1] != "new"]
    assert len(acting) > 10
    assert [f"{c.document}: {c.text}" for c in acting if "--env <env>" not in c.text] == []


def test_a_runbook_reaches_terraforms_state_through_fleet() -> None:
    lines = [line for d in RUNBOOKS for line in d.read_text(encoding="utf-8").splitlines()]
    assert [line for line in lines if re.search(r"(`|^\s+)terraform [a-z]", line)] == []


def test_the_runbook_of_alarms_knows_the_end_of_every_name() -> None:
    names = [
        name
        for file in (ROOT / "terraform").rglob("*.tf")
        for name in re.findall(r'alarm_name += "(.+)"', file.read_text(encoding="utf-8"))
    ]
    table = (ROOT / "docs" / "runbooks" / "alarm.md").read_text(encoding="utf-8")
    known = {
        word
        for cell in re.findall(r"^   \| ([^|]+) \|", table, re.MULTILINE)
        for word in re.findall(r"\w+", cell)
    }
    ends = {name.rpartition("-")[2] for name in names if not name.endswith("}")}
    assert {"errors", "waiting", "freshness"} <= ends
    assert ends - known == set()


@pytest.mark.parametrize(
    "text",
    [
        "make no-such-target",
        "make rollback",
        "fleet no-such-verb",
        "fleet release --no-such-option",
        "fleet gateway client no-such-verb",
        "fleet rollback --to-tag",
        "fleet gateway client add --prefix shop-",
    ],
)
def test_what_make_and_fleet_do_not_know_is_told(text: str) -> None:
    assert misunderstood(text)


def test_commands_are_read_from_blocks_lines_and_sentences(tmp_path: Path) -> None:
    path = tmp_path / "text.md"
    path.write_text(
        "Say `make plan ENV=dev`, or `fleet …` and `terraform plan`.\n\n"
        "```\nmake build push    # both\nfleet status --watch      fleet history --limit 3\n"
        "ls | fleet\nfleet dlq show|purge --help\nfleet release \\\n  --env dev\n```\n\n"
        "    make down ENV=local\n",
        encoding="utf-8",
    )
    texts = [
        "make plan ENV=dev",
        "make build push",
        "fleet status --watch",
        "fleet history --limit 3",
        "fleet dlq show --help",
        "fleet dlq purge --help",
        "fleet release  --env dev",
        "make down ENV=local",
    ]
    assert [" ".join(c.words) for c in commands(path)] == [" ".join(t.split()) for t in texts]
    assert commands(path)[0] == Command("text.md", texts[0])
