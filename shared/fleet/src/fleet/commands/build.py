"""fleet build: images of the checked-out commit."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from fleet.commands.options import Base, Env, Json, Tag, Which, Workplace, choose
from fleet.console import emit, step
from fleet.images import bake
from fleet.images.sbom import write_sbom


def build(
    env: Env = "local",
    function: Which = "all",
    tag: Tag = "",
    *,
    base: Base = "HEAD^",
    stage: Annotated[str, typer.Option(help="ship, or local (ship and the emulator).")] = "ship",
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Build every layer anew.")] = False,
    as_json: Json = False,
) -> None:
    """Build images with docker buildx bake, and write their SBOMs to build/sbom/."""
    place = Workplace.of(env)
    functions = choose(place.project, function, base)
    tag = tag or place.project.commit()
    began = time.perf_counter()
    with step(f"build {', '.join(functions)} at {tag[:12]} for {place.environment.architecture}"):
        images = bake.build(
            place.project,
            functions,
            tag=tag,
            architecture=place.environment.architecture,
            stage=stage,
            no_cache=no_cache,
        )
    for name in functions:
        write_sbom(place.project, name)
    if as_json:
        seconds = round(time.perf_counter() - began, 2)
        emit({"tag": tag, "stage": stage, "seconds": seconds, "images": images})
