"""What a function's image is made of, by content: equal inputs make an equal image."""

from __future__ import annotations

import hashlib
import json
import tomllib
from typing import TYPE_CHECKING, Any

from fleet.changes import hcl

if TYPE_CHECKING:
    from fleet.changes.tree import Tree

# The list of functions: a new one changes no image of the others.
_NOT_OF_ONE_IMAGE = "FUNCTIONS"


def inputs(tree: Tree, function: str) -> dict[str, str]:
    """Digests of everything that a function's image depends on, by a name for people.

    Sample events are not in an image. Readmes are: a package's metadata quotes its own.
    """
    folder = f"images/{function}"
    own = {p: d for p, d in tree.under(folder).items() if not p.startswith(f"{folder}/events/")}
    scripts = {
        path: data
        for path, data in tree.under("images").items()
        if path.count("/") == 1 and path.endswith((".py", "Dockerfile", ".dockerignore"))
    }
    return {
        "its folder": _digest(own),
        "shared/function_kit": _digest(tree.under("shared/function_kit")),
        "the recipe": _digest(scripts | {".dockerignore": tree.files.get(".dockerignore", b"")}),
        "docker-bake.hcl": _digest(_bake(tree)),
        "its dependencies": _digest(dependencies(tree.text("uv.lock"), function)),
    }


def dependencies(lock: str, function: str) -> dict[str, Any]:
    """The locked packages that a function's image gets: version and hashes by name."""
    packages = {entry["name"]: entry for entry in tomllib.loads(lock).get("package", [])}
    found: dict[str, Any] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [(function, ())]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        name, extras = waiting.pop()
        package = packages.get(name)
        if package is None or (name, extras) in seen:
            continue
        seen.add((name, extras))
        # The workspace's own packages are compared by their files.
        if "editable" not in package.get("source", {}):
            found[name] = _identity(package)
        optional = package.get("optional-dependencies", {})
        wanted = [
            *package.get("dependencies", []),
            *(d for e in extras for d in optional.get(e, [])),
        ]
        waiting += [(d["name"], tuple(sorted(d.get("extra", ())))) for d in wanted]
    return found


def _identity(package: dict[str, Any]) -> list[str]:
    files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
    return [package.get("version", ""), *sorted(file.get("hash", "") for file in files)]


def _bake(tree: Tree) -> Any:
    parsed = hcl.parse(tree.text("docker-bake.hcl"))
    variables = [
        v for v in parsed.get("variable", []) if _NOT_OF_ONE_IMAGE not in json.dumps(list(v))
    ]
    return parsed | {"variable": variables}


def _digest(content: Any) -> str:
    text = json.dumps(
        content, sort_keys=True, default=lambda data: hashlib.sha256(data).hexdigest()
    )
    return hashlib.sha256(text.encode()).hexdigest()
