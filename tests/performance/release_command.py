"""What `fleet release` does, for the benchmark's functions: a process of its own, timed whole.

Usage: python -m tests.performance.release_command TAG FUNCTION…
"""

from __future__ import annotations

import sys

import fleet.cli  # noqa: F401  the command imports every verb, too
from fleet import environments
from fleet.commands.conduct import end
from fleet.commands.options import Workplace
from fleet.commands.release import release_images
from fleet.project import Project
from fleet.release.strategy import Options

from tests.performance.fifteen import BenchProject


def main(tag: str, *names: str) -> None:
    """Release a tag of some functions; the exit code is that of `fleet release`."""
    project = BenchProject(Project.find().root)
    place = Workplace(project, environments.load(project, "local"))
    end(release_images(place, dict.fromkeys(names, tag), Options()), as_json=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
