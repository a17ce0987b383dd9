"""fleet down: stop the local stack."""

from __future__ import annotations

import shutil

from fleet.commands.options import Env, Json, Workplace
from fleet.console import emit, note, step


def down(env: Env = "local", *, as_json: Json = False) -> None:
    """Stop the local stack and remove what it stored, Terraform's view of it included."""
    place = Workplace.of(env)
    folder = place.stack.folder
    with step("stop the local stack"):
        stopped = place.stack.stop()
    shutil.rmtree(folder, ignore_errors=True)
    note(f"  stopped: {', '.join(stopped) or 'nothing was running'}")
    if as_json:
        emit(stopped)
