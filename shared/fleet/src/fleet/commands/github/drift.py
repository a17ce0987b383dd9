"""fleet github drift: an issue while an environment is not what it should be."""

from __future__ import annotations

from fleet.commands.options import Env, Workplace
from fleet.commands.plan import look, show
from fleet.console import note
from fleet.github import issues, planned
from fleet.github.api import GitHub
from fleet.github.run import Run, summarise


def drift(env: Env = "local") -> None:
    """Plan, and open, update or close the environment's issue."""
    run = Run.of_this_process()
    place = Workplace.of(env)
    found = look(place, place.project.functions, place.project.commit())
    show(found)
    text = planned.drift(env, found.terraform, found.functions)
    if text:
        text += f"\n\nSeen by [this run]({run.url})."
        summarise(text)
    github = GitHub.of(run.repository)
    done = issues.keep(github, f"drift {env}", f"{env} differs from what it should be", text)
    note(f"the issue on {env}: {done}")
