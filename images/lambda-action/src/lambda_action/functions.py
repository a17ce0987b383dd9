"""What callers are told of a function: nothing that its configuration keeps to its owners."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal


class Function(BaseModel):
    """A function, without what is its owners' business.

    Names are Lambda's own. Its environment's variables, network, keys and layers are not told. One
    that is an image has neither runtime nor handler.
    """

    model_config = ConfigDict(alias_generator=to_pascal)

    function_name: str
    function_arn: str = ""
    runtime: str = ""
    role: str = ""
    handler: str = ""
    code_size: int = 0
    description: str = ""
    timeout: int = 0
    memory_size: int = 0
    last_modified: str = ""
    version: str = ""
    package_type: str = ""
    architectures: list[str] = []
    state: str = ""
    last_update_status: str = ""


_TOLD: Final = tuple(str(field.alias) for field in Function.model_fields.values())


def told(configuration: dict[str, Any]) -> dict[str, Any]:
    """Of Lambda's own answer, what `Function` names."""
    return {name: configuration[name] for name in _TOLD if configuration.get(name) is not None}
