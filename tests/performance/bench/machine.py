"""Which commit is measured, and on what."""

from __future__ import annotations

import os
import platform
from datetime import datetime
from pathlib import Path
from typing import Any

from fleet.project import Project


def machine() -> dict[str, Any]:
    """What two runs must have in common for their seconds to be compared."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": f"{os.cpu_count()} cores",
        "memory": f"{round(memory / 2**30)} GiB",
        "host": platform.node(),
    }


def about(project: Project) -> dict[str, Any]:
    """What a report says of the run as a whole."""
    return {
        "commit": project.commit(),
        "measured": datetime.now().astimezone().isoformat(timespec="seconds"),
        "machine": machine(),
    }
