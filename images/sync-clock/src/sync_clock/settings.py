"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated

from function_kit.settings import Settings
from pydantic import StringConstraints

type TableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]


class ClockSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        clock_table: The DynamoDB table of devices' syncs.
    """

    clock_table: TableName
