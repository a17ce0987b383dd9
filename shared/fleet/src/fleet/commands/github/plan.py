"""fleet github plan: what a pull request would change, and cost, as a comment on it."""

from __future__ import annotations

from fleet.commands.cost import lines_of
from fleet.commands.options import Env, Tag, Workplace
from fleet.commands.plan import Out, look, show
from fleet.cost import shown
from fleet.cost.estimate import prices
from fleet.github import comments, planned
from fleet.github.api import GitHub
from fleet.github.run import Run, summarise


def plan(env: Env = "local", tag: Tag = "", out: Out = None) -> None:
    """Plan, estimate a month's cost, and show both in the summary and on the pull request."""
    run = Run.of_this_process()
    place = Workplace.of(env)
    found = look(place, place.project.functions, tag or place.project.commit(), out)
    show(found)
    text = planned.plan(env, found.terraform, found.functions)
    text += "\n\n" + shown.markdown(lines_of(place, found.plan), prices(), env)
    summarise(text)
    if run.pull_request is not None:
        comments.tell(GitHub.of(run.repository), run.pull_request, f"plan {env}", text)
