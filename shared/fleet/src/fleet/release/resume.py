"""Finishing what a killed command left half done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fleet.release import strategy
from fleet.release.engine import AT_ONCE, Engine, for_each
from fleet.release.prerequisites import waves
from fleet.release.restore import restore
from fleet.release.rollback import Rollback
from fleet.release.strategy import Options
from fleet.release.target import Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from function_kit.releases import Release

    from fleet.release.outcome import Report
    from fleet.release.tools import Tools


@dataclass
class Resume:
    """Goes on with releases and rollbacks that are open in the history."""

    tools: Tools
    wait_seconds: float = 0
    refresh: Callable[[], None] = field(default=lambda: None)

    def run(self, report: Report, functions: Sequence[str]) -> Report:
        """Finish every open release as it was begun; where that cannot be, put things back.

        A canary starts again with its first share: what it had seen is not in the history.
        """
        self.tools.environment.require_releases()
        report.started_at = self.tools.runner.now()
        opened = self._opened(functions)
        rollbacks = {name: r for name, r in opened.items() if r.kind == "rollback"}
        for version, names in _grouped(rollbacks, lambda r: r.version).items():
            Rollback(self.tools, self.refresh).run(report, names, Wish(version=version))
        # What others come after goes first, also where their releases were begun differently.
        order = [name for wave in waves(self.tools.project, opened) for name in wave]
        deploys = {name: opened[name] for name in order if opened[name].kind == "deploy"}
        for options, names in _grouped(deploys, self._options).items():
            targets = {name: opened[name].tag or opened[name].digest for name in names}
            Engine(self.tools, self.refresh).release(report, targets, options)
        refused = [o for o in report.functions if o.result == "refused"]
        deploys_refused = [o for o in refused if opened[o.function].kind == "deploy"]
        for_each(self.tools, deploys_refused, lambda outcome: restore(self.tools, outcome))
        report.finished_at = self.tools.runner.now()
        return report

    def _opened(self, functions: Sequence[str]) -> dict[str, Release]:
        """The newest open release of each function that has one."""

        def newest(function: str) -> Release | None:
            releases = self.tools.history.of(function, limit=5)
            return next((r for r in releases if r.state == "started"), None)

        found = self.tools.runner.map(newest, functions, AT_ONCE)
        return {release.function: release for release in found if release}

    def _options(self, release: Release) -> Options:
        chosen, shares = strategy.parse("all-at-once")
        if release.strategy != "all-at-once":
            chosen, shares = strategy.parse(release.strategy, release.shares)
        return Options(
            chosen,
            shares,
            release.bake_seconds or None,
            bake_at_least=True,
            # What it was told to overlook then is no reason to stop it now.
            fix_forward=bool(release.audit),
            wait_seconds=self.wait_seconds,
        )


def _grouped[K](releases: dict[str, Release], by: Callable[[Release], K]) -> dict[K, list[str]]:
    groups: dict[K, list[str]] = {}
    for name, release in releases.items():
        groups.setdefault(by(release), []).append(name)
    return groups
