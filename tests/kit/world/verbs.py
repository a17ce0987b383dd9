"""`fleet release`, `rollback` and `resume`, as an operator of a world runs them."""

from __future__ import annotations

from collections.abc import Sequence

from fleet.commands.apply import live_image
from fleet.release.engine import Engine
from fleet.release.outcome import Report
from fleet.release.resume import Resume
from fleet.release.rollback import Rollback
from fleet.release.strategy import Options
from fleet.release.target import Wish
from fleet.release.tools import Tools


def release(
    tools: Tools, tag: str, functions: Sequence[str] = (), options: Options | None = None
) -> Report:
    """Release a tag of some functions, or of all."""
    targets = dict.fromkeys(functions or tools.project.functions, tag)
    return Engine(tools).release(_report(tools), targets, options or Options())


def roll_back(tools: Tools, functions: Sequence[str] = (), wish: Wish | None = None) -> Report:
    """Roll some functions back, or all."""
    return Rollback(tools).run(_report(tools), functions or tools.project.functions, wish or Wish())


def resume(tools: Tools, functions: Sequence[str] = (), wait_seconds: float = 120) -> Report:
    """Go on with what a killed operator left half done."""
    return Resume(tools, wait_seconds).run(_report(tools), functions or tools.project.functions)


def _report(tools: Tools) -> Report:
    return Report(tools.holder.run_id, "release", "fleet", "dev", tools.holder.name)


def apply(tools: Tools, functions: Sequence[str] = (), options: Options | None = None) -> Report:
    """What `fleet apply` does after Terraform: release what is live with what is configured."""
    names = functions or tools.project.functions
    images = {name: live_image(tools, name) for name in names}  # type: ignore[arg-type]
    targets = {name: image for name, image in images.items() if image}
    return Engine(tools).release(_report(tools), targets, options or Options())
