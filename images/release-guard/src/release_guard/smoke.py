"""Smoke tests: every permission of a rollback is used, and nothing is changed.

Writes name what is not there, or what nothing has as its revision, so that they are refused:
whoever was not allowed to make them would have been told that instead. Only the topic is left
out, where a message cannot be tried without being sent; `{"drill": …}` sends one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from release_guard.functions import LATEST
from release_guard.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable

    from release_guard.services import Services

_SECONDS: Final = 5.0  # for what passes


def checks(services: Services) -> dict[str, Callable[[], None]]:
    """The smoke test's checks by name."""
    # One stands for all: the policy names them together.
    function = services.settings.guarded_functions[0]

    def functions() -> None:
        services.functions.check(function, Patience(_SECONDS))

    def images() -> None:
        latest = services.functions.version(function, LATEST, Patience(_SECONDS))
        services.images.check(latest.image if latest else "")

    return {"history": services.history.check, "functions": functions, "images": images}
