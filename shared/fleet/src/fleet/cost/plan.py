"""The resources that a plan of Terraform ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleet.cost.estimate import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

# Where a resource keeps its name, the first that is known.
_NAMES = (
    "function_name",
    "alarm_name",
    "dashboard_name",
    "bucket",
    "identifier",
    "service_name",
    "name",
)


def resources(plan: dict[str, Any], prefix: str) -> list[Resource]:
    """Every managed resource of a plan; names without the environment's prefix."""
    root = plan.get("planned_values", {}).get("root_module", {})
    return [
        Resource(found["type"], _name(found, prefix), found.get("values", {}))
        for found in _all(root)
        if found.get("mode") == "managed"
    ]


def _all(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _all(child)


def _name(found: dict[str, Any], prefix: str) -> str:
    values = found.get("values", {})
    # A name that AWS completes is not known before an apply: the address then has to do.
    name = next((str(values[key]) for key in _NAMES if values.get(key)), str(found["address"]))
    return name.removeprefix(f"{prefix}-")
