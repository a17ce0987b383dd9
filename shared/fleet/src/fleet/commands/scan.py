"""fleet scan: known vulnerabilities of images, by Trivy."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Annotated

import typer

from fleet.commands.options import Base, Env, Tag, Which, Workplace, choose
from fleet.console import note, step
from fleet.errors import ExitCode, FleetError

Live = Annotated[bool, typer.Option("--live", help="What is live, instead of what is built here.")]
# What nobody can mend by an update would make every build red and nothing safer.
_OPTIONS = ("--quiet", "--severity", "HIGH,CRITICAL", "--ignore-unfixed", "--exit-code", "1")


def scan(
    env: Env = "local",
    function: Which = "all",
    tag: Tag = "",
    *,
    live: Live = False,
    base: Base = "HEAD^",
) -> None:
    """Look for fixable high and critical vulnerabilities; reports in build/scan/."""
    if not shutil.which("trivy"):
        raise FleetError("trivy is not on the PATH", "install it: https://trivy.dev")
    place = Workplace.of(env)
    bad = []
    for name in choose(place.project, function, base):
        image = _live(place, name) if live else _built(place, name, tag)
        with step(f"scan {name}"):
            clean = _scan(place, name, image, remote=live)
        if not clean:
            bad.append(name)
    if bad:
        raise FleetError(
            f"vulnerabilities that an update mends: {', '.join(bad)}",
            "see build/scan/; update the lock file, or build again on a newer base",
            ExitCode.REFUSED,
        )


def _built(place: Workplace, function: str, tag: str) -> str:
    return f"{place.project.name}/{function}:{tag or place.project.commit()}"


def _live(place: Workplace, function: str) -> str:
    control = place.control(function)
    return control.version(control.alias().version).image


def _scan(place: Workplace, function: str, image: str, *, remote: bool) -> bool:
    """Whether Trivy finds nothing; its report goes to a file and, when it is bad, is shown."""
    report = place.project.reports / "scan" / f"{function}.txt"
    report.parent.mkdir(exist_ok=True)
    command = ["trivy", "image", *_OPTIONS, "--output", str(report), image]
    variables = dict(os.environ)
    if remote:
        place.registry.login()
        variables["DOCKER_CONFIG"] = str(place.registry.docker_config)
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if ended.returncode not in {0, 1}:
        raise FleetError(f"trivy failed: {ended.stderr.strip()[-500:]}", "see the reason above")
    if ended.returncode:
        note(report.read_text(encoding="utf-8"))
    return ended.returncode == 0
