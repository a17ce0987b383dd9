"""How Terraform configures a function: its module block, and everything that it refers to."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fleet.changes import hcl

if TYPE_CHECKING:
    from fleet.changes.tree import Tree

_MODULE = "terraform/modules/function"
_REFERENCE = re.compile(
    r"\b(var|local|module|data|aws_[a-z0-9_]+)\.([A-Za-z0-9_-]+)(?:\.([A-Za-z0-9_-]+))?"
)


@dataclass
class RootModule:
    """The blocks of the root module, by the address that expressions use."""

    blocks: dict[str, Any] = field(default_factory=dict)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, tree: Tree) -> RootModule:
        """Read terraform/*.tf and terraform/environments/*.tfvars."""
        root = cls(folders=folders(tree))
        for path in sorted(tree.under("terraform")):
            depth = path.count("/")
            if depth == 1 and path.endswith(".tf"):
                root._add(hcl.parse(tree.text(path)))
            elif path.startswith("terraform/environments/") and path.endswith(".tfvars"):
                root.values[path] = hcl.parse(tree.text(path))
        return root

    def _add(self, parsed: dict[str, Any]) -> None:
        for block in parsed.get("variable", []):
            self.blocks |= {f"var.{name}": body for name, body in block.items()}
        for block in parsed.get("module", []):
            self.blocks |= {f"module.{name}": _set(body) for name, body in block.items()}
        for block in parsed.get("locals", []):
            self.blocks |= {f"local.{name}": body for name, body in block.items()}
        for kind, prefix in (("resource", ""), ("data", "data.")):
            for block in parsed.get(kind, []):
                for sort, named in block.items():
                    self.blocks |= {f"{prefix}{sort}.{name}": b for name, b in named.items()}

    def closure(self, address: str) -> dict[str, Any]:
        """A block, and every block that it refers to, directly or through others."""
        found: dict[str, Any] = {}
        waiting = [address]
        while waiting:
            name = waiting.pop()
            if name in found or name not in self.blocks:
                continue
            found[name] = self.blocks[name]
            waiting += _references(self.blocks[name])
            if "fileset(" in json.dumps(self.blocks[name]):
                found[f"{name}: the folders under images"] = self.folders
            if name.startswith("var."):
                found |= self._given(name.removeprefix("var."))
        return found

    def _given(self, variable: str) -> dict[str, Any]:
        """What the environments set a variable to."""
        return {
            f"{path}:{variable}": values[variable]
            for path, values in self.values.items()
            if variable in values
        }


def folders(tree: Tree) -> list[str]:
    """The functions, which Terraform takes from the folders (local.functions)."""
    return sorted(path for path in tree.under("images") if path.endswith("/pyproject.toml"))


def inputs(tree: Tree, function: str) -> dict[str, Any]:
    """Everything of Terraform that a function's configuration depends on, by address."""
    module = {
        path: _configuring(hcl.parse(tree.text(path)))
        for path in tree.under(_MODULE)
        if path.endswith(".tf")
    }
    return RootModule.of(tree).closure(f"module.{function.replace('-', '_')}") | module


def _set(call: dict[str, Any]) -> dict[str, Any]:
    """A module block without the image, which Terraform ignores once the function exists."""
    return {name: value for name, value in call.items() if name != "repository_url"}


def _references(body: Any) -> list[str]:
    found = []
    for kind, name, attribute in _REFERENCE.findall(json.dumps(body)):
        found.append(f"data.{name}.{attribute}" if kind == "data" else f"{kind}.{name}")
    return found


def _configuring(parsed: dict[str, Any]) -> dict[str, Any]:
    """Without outputs, which tell of a function and do not change it."""
    return {kind: blocks for kind, blocks in parsed.items() if kind != "output"}
