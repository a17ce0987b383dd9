"""fleet release: images of the registry to `live`."""

from __future__ import annotations

from typing import Annotated

import typer

from fleet.commands.conduct import conduct, end, new_report
from fleet.commands.options import Base, Env, Json, Tag, Which, Workplace, choose
from fleet.release import strategy as shifting
from fleet.release.engine import Engine
from fleet.release.outcome import Report
from fleet.release.strategy import Options

How = Annotated[
    str, typer.Option("--strategy", envvar="STRATEGY", help="all-at-once, canary or linear.")
]
Steps = Annotated[
    str, typer.Option("--steps", help="Percentages up to 100 (10,50,100), or linear's number.")
]
Bake = Annotated[str, typer.Option("--bake", help="How long to watch each step: 90s, 5m.")]
FixForward = Annotated[
    bool, typer.Option("--fix-forward", help="Go on although an alarm fires; it is recorded.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only look; exit as the release would.")]
Wait = Annotated[
    str, typer.Option("--wait", help="How long to wait for somebody else's release: 5m.")
]


def release_images(place: Workplace, targets: dict[str, str], options: Options) -> Report:
    """Release a tag or digest of each function, and show how it goes."""
    report = new_report(place, "release")
    tags = set(targets.values())
    report.tag = tags.pop() if len(tags) == 1 else ""
    report.strategy, report.steps = options.strategy, options.shares
    report.bake_seconds = options.bake_seconds or 0
    report.fix_forward, report.dry_run = options.fix_forward, options.dry_run
    return conduct(
        place,
        report,
        lambda refresh: Engine(place.tools, refresh).release(report, targets, options),
    )


def release(
    env: Env = "local",
    function: Which = "all",
    tag: Tag = "",
    strategy: How = "all-at-once",
    steps: Steps = "",
    bake: Bake = "",
    *,
    base: Base = "HEAD^",
    wait: Wait = "0",
    fix_forward: FixForward = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Update by digest, publish, smoke-test the new version, shift `live` to it, or put it back."""
    chosen, shares = shifting.parse(strategy, steps)
    options = Options(
        strategy=chosen,
        shares=shares,
        bake_seconds=shifting.seconds(bake) if bake else None,
        fix_forward=fix_forward,
        dry_run=dry_run,
        wait_seconds=shifting.seconds(wait),
    )
    place = Workplace.of(env)
    place.environment.require_releases()
    names = choose(place.project, function, base)
    tag = tag or place.project.commit()
    end(release_images(place, dict.fromkeys(names, tag), options), as_json=as_json)
