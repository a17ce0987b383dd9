"""How large every image is, layer by layer, as a registry keeps them; and what images share.

python -m tests.performance.sizes     → build/bench.json ("sizes") and a table
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tarfile
from typing import Any

from fleet import environments
from fleet.console import table
from fleet.images import bake
from fleet.project import Project

from tests.performance import results
from tests.performance.cold_start import docker

LEVEL = 6  # what Docker compresses with


def layers(image: str) -> list[str]:
    """The layers' identities, from the lowest up."""
    found: list[str] = json.loads(docker("image", "inspect", image))[0]["RootFS"]["Layers"]
    return found


def compressed(image: str, known: dict[str, int]) -> None:
    """Add the compressed bytes of an image's layers to those that are known."""
    order = layers(image)
    if all(layer in known for layer in order):
        return
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saved:
        found, names = _packed(saved.stdout)
    if saved.returncode:
        raise RuntimeError(f"docker save {image} ended with {saved.returncode}")
    known |= {layer: found[name] for layer, name in zip(order, names, strict=True)}


def _packed(stream: Any) -> tuple[dict[str, int], list[str]]:
    sizes: dict[str, int] = {}
    names: list[str] = []
    with tarfile.open(fileobj=stream, mode="r|") as image:
        for member in image:
            content = image.extractfile(member) if member.isfile() else None
            if content is None:
                continue
            read = content.read()
            if member.name == "manifest.json":
                names = json.loads(read)[0]["Layers"]
            else:
                sizes[member.name] = len(gzip.compress(read, LEVEL))
    return sizes, names


def summed(images: dict[str, list[str]], sizes: dict[str, int]) -> dict[str, Any]:
    """What a registry keeps of all images, beside what it would if they shared nothing."""
    used = {
        layer: sum(layer in mine for mine in images.values())
        for mine in images.values()
        for layer in mine
    }
    apart = sum(sizes[layer] for mine in images.values() for layer in mine)
    kept = sum(sizes[layer] for layer in used)
    return {
        "images": {
            name: {
                "mb": _mb(sum(sizes[layer] for layer in mine)),
                "own_mb": _mb(sum(sizes[layer] for layer in mine if used[layer] == 1)),
                "layers": [
                    {"id": layer[7:19], "mb": _mb(sizes[layer]), "images": used[layer]}
                    for layer in mine
                ],
            }
            for name, mine in images.items()
        },
        "kept_mb": _mb(kept),
        "unshared_mb": _mb(apart),
        "kept_of_unshared": round(kept / apart, 3),
        "in_every_image_mb": _mb(sum(sizes[x] for x, n in used.items() if n == len(images))),
    }


def _mb(size: int) -> float:
    return round(size / 1e6, 2)


def run(project: Project) -> dict[str, Any]:
    """Build every image and look into it."""
    architecture = environments.load(project, "local").architecture
    bake.build(project, project.functions, tag="bench", architecture=architecture)
    images, sizes = {}, dict[str, int]()
    for name in project.functions:
        image = f"{project.name}/{name}:bench"
        images[name] = layers(image)
        compressed(image, sizes)
    return summed(images, sizes)


def main() -> None:
    """Look, write it down, show it."""
    report = run(Project(results.ROOT))
    results.keep("sizes", report)
    rows = [
        (name, f"{row['mb']}", f"{row['own_mb']}", str(len(row["layers"])))
        for name, row in report["images"].items()
    ]
    kept = f"{report['kept_mb']} MB kept of {report['unshared_mb']}"
    table(f"compressed images, {kept}", ("image", "MB", "of its own", "layers"), rows)
    sys.exit(0)


if __name__ == "__main__":
    main()
