"""What an execution environment makes once and its invocations share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from function_kit.metrics import Metrics

    from release_guard.functions import Functions
    from release_guard.history import History
    from release_guard.images import Images
    from release_guard.notice import Topic
    from release_guard.settings import GuardSettings


@dataclass(frozen=True, slots=True)
class Services:
    """The clients.

    Attributes:
        settings: Of the function.
        history: Releases and locks.
        functions: Lambda's API.
        images: The registry.
        topic: People.
        metrics: Written out after each invocation.
    """

    settings: GuardSettings
    history: History
    functions: Functions
    images: Images
    topic: Topic
    metrics: Metrics
