"""What may be invoked, by whom. A name is a plain name here: no ARN, no part of one, no qualifier.

Lambda takes a function by many spellings (an ARN, part of one, `name:qualifier`). Allowing a name
by its beginning is only safe when there is one spelling.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lambda_action.errors import GatewayError, NotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambda_action.ports import Client

# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html; \Z, as $ would take a newline.
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z", re.ASCII)
_ALIAS: Final = re.compile(r"(?![0-9]+\Z)[A-Za-z0-9_-]{1,128}\Z", re.ASCII)
_VERSION: Final = re.compile(r"(\$LATEST|[0-9]{1,20})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What this gateway may invoke.

    Attributes:
        prefix: Names that begin so.
        names: Further names.
    """

    prefix: str
    names: frozenset[str]

    @classmethod
    def of(cls, prefix: str, names: Iterable[str]) -> Allowed:
        """From settings."""
        return cls(prefix, frozenset(names))

    def check(self, name: str, client: Client) -> None:
        """Refuse a function that is not for this client.

        Raises:
            GatewayError: It is not a function's name.
            NotAllowed: It is one, of another function.
        """
        if not _NAME.match(name):
            raise GatewayError(
                "function_name must be a plain name: letters, digits, - and _, 64 at most; "
                "say an alias or a version in its own field"
            )
        if not self.covers(name, client):
            raise NotAllowed("this function may not be invoked here, or not by this client")

    def covers(self, name: str, client: Client) -> bool:
        """Whether the client may invoke it."""
        here = name.startswith(self.prefix) or name in self.names
        return here and (not client.prefixes or name.startswith(client.prefixes))


def qualifier(alias: str, version: str) -> str:
    """The alias, or the version without one; empty for neither.

    Raises:
        GatewayError: It is no alias or no version.
    """
    if alias:
        if not _ALIAS.match(alias):
            raise GatewayError("alias must be letters, digits, - and _, and not a number alone")
        return alias
    if version and not _VERSION.match(version):
        raise GatewayError("version must be a number or $LATEST")
    return version
