"""Commits beside the checkout: a change in a function, built and pushed under its own SHA."""

from __future__ import annotations

from fleet.commands.options import Workplace
from fleet.demo import second_commit
from fleet.images import bake
from fleet.project import Project

FUNCTION = "generate-presigned-url"
BROKEN = '\n\ndef handler(event, context):\n    raise RuntimeError("broken on purpose")\n'


def changed(project: Project, source: str) -> Project:
    """A clone of the checkout with lines added to a function's handler, committed."""
    return second_commit.make(project, FUNCTION, source)


def pushed(place: Workplace, source: str) -> str:
    """Build and push the changed function alone; return its tag."""
    clone = changed(place.project, source)
    elsewhere, tag = Workplace(clone, place.environment), clone.commit()
    bake.build(clone, [FUNCTION], tag=tag, architecture=place.environment.architecture)
    elsewhere.registry.login()
    elsewhere.registry.push(FUNCTION, tag)
    return tag
