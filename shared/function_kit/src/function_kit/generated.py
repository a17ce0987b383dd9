"""The methods of data classes, compiled when the image is built instead of at every start.

`dataclasses` writes the methods of each class as text and executes it. The libraries' classes
give the same text at every start, and compiling it is half of what they cost to import. While a
function starts, `dataclasses` executes what the build has compiled, wherever it knows the text.
"""

from __future__ import annotations

import builtins
import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType


def install(compiled: Mapping[str, CodeType]) -> None:
    """Execute compiled code in place of these texts, until `remove`."""

    def execute(text: str, variables: dict[str, Any], names: dict[str, Any]) -> None:
        builtins.exec(compiled.get(text, text), variables, names)  # noqa: S102 - as dataclasses

    # A name of the module hides the builtin of that name from the module's functions.
    vars(dataclasses)["exec"] = execute


def remove() -> None:
    """Let `dataclasses` compile for itself again."""
    vars(dataclasses).pop("exec", None)
