"""fleet push: images to ECR, once for each tag."""

from __future__ import annotations

from dataclasses import asdict

from fleet.commands.options import Base, Env, Json, Tag, Which, Workplace, choose
from fleet.console import emit, note, step
from fleet.docker import require_engine


def push(
    env: Env = "local",
    function: Which = "all",
    tag: Tag = "",
    *,
    base: Base = "HEAD^",
    as_json: Json = False,
) -> None:
    """Push built images under the commit's SHA. A tag that is there already stays as it is."""
    place = Workplace.of(env)
    functions = choose(place.project, function, base)
    tag = tag or place.project.commit()
    require_engine()
    with step("log in to the registry"):
        place.registry.login()
    results = []
    for name in functions:
        with step(f"push {name}:{tag[:12]}"):
            pushed = place.registry.push(name, tag)
        if not pushed:
            note(f"  {name}:{tag[:12]} was there already")
        image = place.registry.image(name, tag)
        results.append({"pushed": pushed, **asdict(image)})
    if as_json:
        emit(results)
