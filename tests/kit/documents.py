"""The commands that a Markdown document tells people to type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

_CONTINUED = re.compile(r"\\\n\s*")
_SPAN = re.compile(r"`([^`]+)`")
_PROGRAMS = ("make", "fleet", ".venv/bin/fleet")
_APART = re.compile(r"\s{3,}")
_COMMENT = re.compile(r"(?:^|\s+)#.*$")
_CHOICE = re.compile(r"\S+\|\S+")


@dataclass(frozen=True)
class Command:
    """A command as it stands there.

    Attributes:
        document: The file's name.
        text: The command, without its comment; one of several that a line offers (`show|purge`).
    """

    document: str
    text: str

    @property
    def words(self) -> list[str]:
        return self.text.split()

    @property
    def program(self) -> str:
        """`make` or `fleet`."""
        return self.words[0].rpartition("/")[2]


def commands(path: Path) -> list[Command]:
    """The commands of make and fleet in a document's code, in its order."""
    text = _CONTINUED.sub(" ", path.read_text(encoding="utf-8"))
    written = [_COMMENT.sub("", line).strip() for line in _code(text)]
    parts = [part for line in written for part in _APART.split(line)]
    return [
        Command(path.name, each)
        for part in parts
        if part.split(" ")[0] in _PROGRAMS and " " in part
        for each in _alternatives(part)
    ]


def _code(text: str) -> Iterator[str]:
    """Lines of code: in fences, indented, and in a sentence where nothing is left out."""
    fenced = False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            yield line
        else:
            yield from (span for span in _SPAN.findall(line) if "…" not in span)


def _alternatives(text: str) -> Iterator[str]:
    """`dlq show|purge --help` is two commands."""
    words = [w.split("|") if _CHOICE.fullmatch(w) else [w] for w in text.split()]
    yield from (" ".join(each) for each in product(*words))
