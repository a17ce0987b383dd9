"""What a function's image is made of, by content: equal inputs make an equal image."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from fleet.changes import hcl
from fleet.errors import FleetError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleet.changes.tree import Tree

# The list of functions: a new one changes no image of the others.
_NOT_OF_ONE_IMAGE = "FUNCTIONS"
_NOT_IN_BUILDS = frozenset({"events", "tests"})


def inputs(tree: Tree, function: str) -> dict[str, str]:
    """Digests of everything that a function's image depends on, by a name for people.

    Sample events are not in an image. Readmes are: a package's metadata quotes its own.
    """
    scripts = {
        path: data
        for path, data in tree.under("images").items()
        if path.count("/") == 1 and path.endswith((".py", "Dockerfile", ".dockerignore"))
    }
    lock = tree.text("uv.lock")
    own = f"images/{function}"
    shared = {f: _digest(_package(tree, f)) for f in members(lock, function) if f != own}
    return shared | {
        "its folder": _digest(_package(tree, own)),
        "the recipe": _digest(scripts | {".dockerignore": tree.files.get(".dockerignore", b"")}),
        "docker-bake.hcl": _digest(_bake(tree)),
        "its dependencies": _digest(dependencies(lock, function)),
        "how uv installs": _digest(_installer(tree)),
        "the architecture": _digest(_architectures(tree)),
    }


def dependencies(lock: str, function: str) -> dict[str, Any]:
    """The locked packages that a function's image gets: version and hashes by name."""
    found: dict[str, Any] = {}
    for name, entries in _reached(lock, function):
        # The workspace's own packages are compared by their files.
        foreign = [e for e in entries if "editable" not in e.get("source", {})]
        if foreign:
            found[name] = sorted(_identity(entry) for entry in foreign)
    return found


def members(lock: str, function: str) -> list[str]:
    """The folders of the workspace's packages that a function's image gets, its own among them."""
    entries = [entry for _, found in _reached(lock, function) for entry in found]
    return sorted({e["source"]["editable"] for e in entries if "editable" in e.get("source", {})})


def _reached(lock: str, function: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What a function's package leads to: each package's name and entries, once for its extras."""
    # A name stands there more than once when not all platforms get the same version.
    packages: dict[str, list[dict[str, Any]]] = {}
    for entry in _toml(lock, "uv.lock").get("package", []):
        packages.setdefault(entry["name"], []).append(entry)
    waiting: list[tuple[str, tuple[str, ...]]] = [(function, ())]
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        entries = packages.get(name, [])
        yield name, entries
        for entry in entries:
            waiting += _wanted(entry, extras)


def _wanted(package: dict[str, Any], extras: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """What a package with some of its extras installs, each with the extras that it asks for."""
    optional = package.get("optional-dependencies", {})
    listed = [*package.get("dependencies", []), *(d for e in extras for d in optional.get(e, []))]
    return [(d["name"], tuple(sorted(d.get("extra", ())))) for d in listed]


def _identity(package: dict[str, Any]) -> list[str]:
    files = [*package.get("wheels", []), *filter(None, [package.get("sdist")])]
    return [package.get("version", ""), *sorted(file.get("hash", "") for file in files)]


def _package(tree: Tree, folder: str) -> dict[str, Any]:
    """A package's files; not those that .dockerignore keeps out of every build."""
    return {
        path: (data, path in tree.executable)
        for path, data in tree.under(folder).items()
        if not _NOT_IN_BUILDS & set(path.split("/")[:-1])
    }


def _installer(tree: Tree) -> Any:
    """Which uv, and how it is set: it writes its version into the metadata of packages."""
    root = _toml(tree.text("pyproject.toml"), "pyproject.toml")
    # Where packages come from is in the lock file already.
    settings = {k: v for k, v in root.get("tool", {}).get("uv", {}).items() if k != "sources"}
    pinned = re.findall(r"^UV_VERSION=.*$", tree.text("shared/fleet/prepare/uv.sh"), re.MULTILINE)
    return settings, root.get("project", {}).get("requires-python"), pinned


def _toml(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FleetError(
            f"{name} cannot be read: {error}", "mend it, here or in the commit to compare with"
        ) from error


def _architectures(tree: Tree) -> dict[str, Any]:
    """What the environments build for: `fleet build` takes it from Terraform's variable."""
    return {
        path: hcl.parse(tree.text(path)).get("architecture")
        for path in tree.under("terraform/environments")
        if path.endswith(".tfvars")
    }


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
