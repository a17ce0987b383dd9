"""What is wrong with a date's raw objects, so that nothing is made of them."""

from __future__ import annotations

from typing import Literal

type Fault = Literal["schema_change", "data_quality"]


class Refused(Exception):  # noqa: N818 - a finding, kept as a marker
    """The date's objects are not what silver is made of, and trying again will not change that.

    Attributes:
        fault: `schema_change` when they have another shape, `data_quality` when they cannot be
            true.
        issues: What is wrong, with the game; never what the source sent as text.
    """

    def __init__(self, fault: Fault, *issues: str) -> None:
        """Take the class and what is wrong."""
        super().__init__(f"{fault}: {'; '.join(issues)}")
        self.fault: Fault = fault
        self.issues = issues
