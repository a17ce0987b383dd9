"""Keep of botocore what one image uses: run in the image's build stage, on the installed copy.

A client loads its service's whole model, and lists all 400 services on the way. Cut down to the
operations that the image calls, botocore goes from 31 MB to about 2 MB and a client starts
several times faster. What an image calls stands in its pyproject.toml:

    [tool.lambda-image]
    aws = { s3 = ["GetObject", "HeadObject"] }

Kept: those operations with every shape they reach, all error shapes of the service (so that
errors parse as before), their paginators and waiters, the endpoint rules, partitions, defaults
and retry tables. Dropped: other services and versions, other operations, documentation, and the
generator of documentation (`help(client)` shows empty texts).

Only the standard library is needed, besides the botocore that is trimmed. Trimming what is
trimmed changes nothing.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

type Json = dict[str, Any]
type Wanted = Mapping[str, list[str]]

# What botocore itself calls: S3 asks for a bucket's region when it is redirected.
OWN_CALLS: Wanted = {"s3": ["HeadBucket"]}

DOCSTRING_STUB = '''\
"""Stands in for botocore's documentation generator, left out of this image."""


class LazyLoadedDocstring(str):
    """An empty docstring, made with the arguments of the generated one."""

    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)

    def __init__(self, *args, **kwargs):
        super().__init__()


class ClientMethodDocstring(LazyLoadedDocstring):
    pass


class WaiterDocstring(LazyLoadedDocstring):
    pass


class PaginatorDocstring(LazyLoadedDocstring):
    pass
'''


class TrimError(Exception):
    """The list of operations and botocore do not fit together."""


def wanted_operations(pyproject: Path) -> dict[str, list[str]]:
    """The image's `service = ["Operation", …]` table; empty when it calls no AWS service.

    Raises:
        TrimError: The table does not have that shape.
    """
    tool = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("tool", {})
    table = tool.get("lambda-image", {}).get("aws", {})
    if not isinstance(table, dict) or not all(
        isinstance(names, list) and all(isinstance(name, str) for name in names)
        for names in table.values()
    ):
        raise TrimError(f'{pyproject}: [tool.lambda-image] aws = {{ service = ["Operation"] }}')
    return table


def trim(botocore: Path, wanted: Wanted) -> None:
    """Trim the installed package at `botocore` to the wanted operations.

    Raises:
        TrimError: There is no botocore, or it has no such service or operation.
    """
    data = botocore / "data"
    if not data.is_dir():
        raise TrimError("botocore is not installed: depend on function-kit[aws]")
    unknown = [service for service in wanted if not (data / service).is_dir()]
    if unknown:
        raise TrimError(f"botocore has no service {', '.join(sorted(unknown))}")
    prefixes = {
        _trim_service(data / service, operations + OWN_CALLS.get(service, []))
        for service, operations in wanted.items()
    }
    for path in data.iterdir():
        if path.is_dir() and path.name not in wanted:
            shutil.rmtree(path)
    _trim_endpoints(data / "endpoints.json", prefixes)
    _drop_documentation(botocore / "docs")


def _trim_service(folder: Path, operations: list[str]) -> str:
    """Trim one service; returns its endpoint prefix."""
    *older, latest = sorted(path for path in folder.iterdir() if path.is_dir())
    for version in older:
        shutil.rmtree(version)
    model = _read(latest, "service-2")
    kept = _operations(model, operations, folder.name)
    prefix: str = model["metadata"]["endpointPrefix"]
    waiters = _waiters(_read(latest, "waiters-2"), kept)
    paginators = _paginators(_read(latest, "paginators-1"), kept)
    _write(latest, "service-2", _trim_model(model, kept))
    _write(latest, "waiters-2", waiters)
    _write(latest, "paginators-1", paginators)
    _write(latest, "endpoint-rule-set-1", _read(latest, "endpoint-rule-set-1"))
    extras = latest / "paginators-1.sdk-extras.json"
    if extras.exists():
        _write(latest, "paginators-1.sdk-extras", _paginator_extras(_load(extras), kept))
    for name in ("examples-1", "completions-1"):
        _remove(latest, name)
    return prefix


def _operations(model: Json, names: list[str], service: str) -> set[str]:
    known = model["operations"]
    unknown = sorted(set(names) - known.keys())
    if unknown:
        raise TrimError(f"{service} has no operation {', '.join(unknown)}")
    discovery = {name for name, item in known.items() if item.get("endpointoperation")}
    return set(names) | discovery


def _trim_model(model: Json, kept: set[str]) -> Json:
    operations = {name: item for name, item in model["operations"].items() if name in kept}
    shapes = model["shapes"]
    reached = {name for name, shape in shapes.items() if shape.get("exception")}
    queue = [
        *_references(operations),
        *(ref for name in reached for ref in _references(shapes[name])),
    ]
    while queue:
        name = queue.pop()
        if name not in reached:
            reached.add(name)
            queue.extend(_references(shapes[name]))
    trimmed = {
        **model,
        "operations": operations,
        "shapes": {name: shape for name, shape in shapes.items() if name in reached},
    }
    trimmed.pop("examples", None)
    result: Json = _undocumented(trimmed)
    return result


def _references(node: Any) -> Iterator[str]:
    """The names of shapes that a part of a model refers to."""
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        for key, item in node.items():
            if key == "shape" and isinstance(item, str):
                yield item
            else:
                yield from _references(item)


def _undocumented(node: Any) -> Any:
    """A copy whose documentation texts are empty: botocore asks for some of them by name.

    A member that is called so is a dict, and stays.
    """
    if isinstance(node, list):
        return [_undocumented(item) for item in node]
    if isinstance(node, dict):
        return {
            key: "" if key == "documentation" and isinstance(item, str) else _undocumented(item)
            for key, item in node.items()
        }
    return node


def _paginators(data: Json, kept: set[str]) -> Json:
    pages = data.get("pagination", {})
    return {**data, "pagination": {name: item for name, item in pages.items() if name in kept}}


def _paginator_extras(data: Json, kept: set[str]) -> Json:
    merge = data.get("merge", {})
    return {**data, "merge": _paginators(merge, kept)} if "pagination" in merge else data


def _waiters(data: Json, kept: set[str]) -> Json:
    waiters = data.get("waiters", {}).items()
    return {
        "version": 2,
        **data,
        "waiters": {name: item for name, item in waiters if item["operation"] in kept},
    }


def _trim_endpoints(path: Path, prefixes: set[str]) -> None:
    """Leave the partitions and regions as they are, and the kept services' entries."""
    endpoints = _load(path)
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in prefixes}
    _dump(path, endpoints)


def _drop_documentation(docs: Path) -> None:
    for path in docs.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "utils.py":  # handlers.py uses it
            path.unlink()
    (docs / "__init__.py").write_text('"""Left out of this image."""\n', encoding="utf-8")
    (docs / "docstring.py").write_text(DOCSTRING_STUB, encoding="utf-8")


def _read(folder: Path, name: str) -> Json:
    for path in (folder / f"{name}.json", folder / f"{name}.json.gz"):
        if path.exists():
            return _load(path)
    return {}


def _write(folder: Path, name: str, content: Json) -> None:
    """Write plain JSON: an image's layers are compressed, and a start need not unpack it."""
    _remove(folder, name)
    if content:
        _dump(folder / f"{name}.json", content)


def _remove(folder: Path, name: str) -> None:
    for suffix in (".json", ".json.gz"):
        (folder / f"{name}{suffix}").unlink(missing_ok=True)


def _load(path: Path) -> Json:
    raw = path.read_bytes()
    loaded: Json = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    return loaded


def _dump(path: Path, content: Json) -> None:
    path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


_VERIFY = """
import json, sys
sys.path.insert(0, sys.argv[1])
import botocore.session
from botocore import xform_name
session = botocore.session.Session()
for service, operations in json.loads(sys.argv[2]).items():
    client = session.create_client(
        service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    for operation in operations:
        getattr(client, xform_name(operation))
        model = client.meta.service_model.operation_model(operation)
        [getattr(shape, "members", None) for shape in (model.input_shape, model.output_shape)]
    client.exceptions, client.waiter_names
"""


def verify(site_packages: Path, wanted: Wanted) -> None:
    """Make every client from the trimmed copy in a fresh process.

    Raises:
        TrimError: It cannot be made, or lacks an operation.
    """
    run = subprocess.run(
        [sys.executable, "-B", "-c", _VERIFY, str(site_packages), json.dumps(wanted)],
        check=False,
        capture_output=True,
        text=True,
    )
    if run.returncode:
        raise TrimError(f"the trimmed botocore does not work:\n{run.stderr}")


def main(arguments: list[str] | None = None) -> int:
    """Trim and verify; returns 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pyproject", type=Path, help="the image's pyproject.toml")
    parser.add_argument("site_packages", type=Path, help="the folder that holds botocore/")
    options = parser.parse_args(arguments)
    try:
        wanted = wanted_operations(options.pyproject)
        if wanted or (options.site_packages / "botocore").is_dir():
            trim(options.site_packages / "botocore", wanted)
            verify(options.site_packages, wanted)
    except (TrimError, OSError, ValueError) as error:
        print(f"trim_botocore: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
