"""Mixed traffic on the whole fleet while everything goes wrong: `make soak [MINUTES=60] [SEED=…]`.

On a local stack of its own. At the end everything that was sent is looked for: nothing may be
lost, nothing may be there twice. Writes build/soak.json; exits 1 when the books do not balance.
KEEP=1 leaves the stack up, and takes it as it is the next time.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from fleet import environments
from fleet.commands.options import Workplace
from fleet.project import Project

from tests.kit.program import ROOT, fleet
from tests.soak import report, traffic
from tests.soak.run import Soak

STACK = "soak:900"


@contextmanager
def stack() -> Iterator[Workplace]:
    """The stack, up and released from this checkout; removed afterwards unless it is kept."""
    os.environ["FLEET_STACK"] = STACK
    project, keep = Project(ROOT), bool(os.environ.get("KEEP"))
    if not keep:
        verb("down")
    try:
        verb("up")
        verb("bootstrap", "--tag", project.commit())
        yield Workplace(project, environments.load(project, "local"))
    finally:
        if not keep:
            verb("down")


def verb(*words: str) -> None:
    """One verb of `fleet`, to its end."""
    print(f"fleet {words[0]}", flush=True)
    ended = fleet(*words, FLEET_STACK=STACK)
    if ended.code:
        raise RuntimeError(f"fleet {words[0]} failed: {ended.err}")


def main() -> int:
    """Soak, tell, and say whether it was well."""
    minutes = float(os.environ.get("MINUTES") or 60)
    seed = int(os.environ.get("SEED") or traffic.seed())
    with stack() as place:
        found = Soak(place, STACK, seed, minutes).run()
    report.write(found, ROOT / "build" / "soak.json")
    report.show(found)
    return 1 if report.whole(found) else 0


if __name__ == "__main__":
    sys.exit(main())
