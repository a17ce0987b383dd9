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
    """The blocks of the root module, by the address that expressions use.

    Attributes:
        modules: the blocks of local modules, by the folder that a call names as its source.
        values: what each environment sets variables to.
        folders: the functions' folders.
    """

    blocks: dict[str, Any] = field(default_factory=dict)
    modules: dict[str, dict[str, Any]] = field(default_factory=dict)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, tree: Tree) -> RootModule:
        """Read terraform/*.tf and terraform/environments/*.tfvars."""
        root = cls(folders=folders(tree))
        for path in sorted(tree.under("terraform")):
            depth = path.count("/")
            if depth == 1 and path.endswith(".tf"):
                root.blocks |= _blocks(hcl.parse(tree.text(path)))
            elif path.startswith("terraform/modules/") and path.endswith(".tf"):
                source = "./" + path.removeprefix("terraform/").rpartition("/")[0]
                inside = root.modules.setdefault(source, {})
                inside |= _blocks(hcl.parse(tree.text(path)))
            elif path.startswith("terraform/environments/") and path.endswith(".tfvars"):
                root.values[path] = hcl.parse(tree.text(path))
        return root

    def closure(self, address: str) -> dict[str, Any]:
        """A block, and every block that it refers to, directly or through others."""
        found: dict[str, Any] = {}
        waiting = [address]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            if self._is_output(name):
                found[name], more = self._output(name)
                waiting += more
            elif name in self.blocks:
                found[name] = self.blocks[name]
                waiting += self._references(self.blocks[name])
                if "fileset(" in json.dumps(self.blocks[name]):
                    found[f"{name}: the folders under images"] = self.folders
                if name.startswith("var."):
                    found |= self._given(name.removeprefix("var."))
        return found

    def _output(self, address: str) -> tuple[dict[str, Any], list[str]]:
        """What a module's output is made of, inside it, and what its call gives to that.

        Not the whole call: an API's id does not depend on the routes of that API.
        """
        _, module, output = address.split(".")
        call = self.blocks.get(f"module.{module}", {})
        inside = self.modules[call["source"].strip('"')]
        made: dict[str, Any] = {}
        given: list[str] = []
        waiting = [f"output.{output}"]
        while waiting:
            name = waiting.pop()
            if name in made or name not in inside:
                continue
            made[name] = inside[name]
            waiting += _references(inside[name])
            if name.startswith("var."):
                argument = call.get(name.removeprefix("var."))
                made[f"{name}: given"] = argument
                given += self._references(argument)
        return made, given

    def _references(self, body: Any) -> list[str]:
        """The addresses in an expression; of a local module only the output that is meant."""
        return [
            name if name in self.blocks or self._is_output(name) else name.rpartition(".")[0]
            for name in _references(body, outputs=True)
        ]

    def _is_output(self, name: str) -> bool:
        module, _, output = name.rpartition(".")
        call = self.blocks.get(module)
        if not module.startswith("module.") or call is None:
            return False
        return f"output.{output}" in self.modules.get(str(call.get("source", "")).strip('"'), {})

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


def _blocks(parsed: dict[str, Any]) -> dict[str, Any]:
    """The blocks of a file, by the address that expressions use."""
    found: dict[str, Any] = {}
    for kind, prefix in (("variable", "var"), ("output", "output"), ("module", "module")):
        for block in parsed.get(kind, []):
            for name, body in block.items():
                found[f"{prefix}.{name}"] = _set(body) if kind == "module" else body
    for block in parsed.get("locals", []):
        found |= {f"local.{name}": body for name, body in block.items()}
    for kind, prefix in (("resource", ""), ("data", "data.")):
        for block in parsed.get(kind, []):
            for sort, named in block.items():
                found |= {f"{prefix}{sort}.{name}": body for name, body in named.items()}
    return found


def _set(call: dict[str, Any]) -> dict[str, Any]:
    """A module block without the image, which Terraform ignores once the function exists."""
    return {name: value for name, value in call.items() if name != "repository_url"}


def _references(body: Any, *, outputs: bool = False) -> list[str]:
    """The addresses in an expression; with the output, of what may be a module's."""
    found = []
    for kind, name, attribute in _REFERENCE.findall(json.dumps(body)):
        long = kind == "data" or (outputs and kind == "module" and attribute)
        found.append(f"{kind}.{name}.{attribute}" if long else f"{kind}.{name}")
    return found


def _configuring(parsed: dict[str, Any]) -> dict[str, Any]:
    """Without outputs, which tell of a function and do not change it."""
    return {kind: blocks for kind, blocks in parsed.items() if kind != "output"}
