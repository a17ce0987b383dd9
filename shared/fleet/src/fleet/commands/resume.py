"""fleet resume: finish what a killed command left half done."""

from __future__ import annotations

from fleet.commands.conduct import conduct, end, new_report
from fleet.commands.options import Env, Functions, Json, Workplace
from fleet.commands.release import Wait
from fleet.console import note
from fleet.release import strategy
from fleet.release.resume import Resume


def resume(
    env: Env = "local", function: Functions = "all", wait: Wait = "0", *, as_json: Json = False
) -> None:
    """Go on with releases and rollbacks that were killed; where that cannot be, put things back."""
    place = Workplace.of(env)
    place.environment.require_releases()
    names = place.project.select(function)
    report = new_report(place, "resume")
    seconds = strategy.seconds(wait)
    conduct(place, report, lambda refresh: Resume(place.tools, seconds, refresh).run(report, names))
    if not report.functions:
        note("nothing was left half done")
    end(report, as_json=as_json)
