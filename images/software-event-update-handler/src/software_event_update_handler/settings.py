"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated

from function_kit.settings import Settings
from pydantic import StringConstraints

type TableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{3,255}$")]


class UpdateSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        software_updates_table: The DynamoDB table with events and states.
    """

    software_updates_table: TableName
