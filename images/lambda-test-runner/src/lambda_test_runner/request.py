"""What a caller wants tested."""

from __future__ import annotations

from typing import Annotated, Any, Final

from function_kit.http_api import invalid, refused
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

MOST_CASES: Final = 2000
SMOKE_EVENT: Final = {"test": True}
SMOKE: Final = "smoke"


class Case(BaseModel):
    """One invocation, and the part of its answer to expect.

    Attributes:
        function: The function's folder's name.
        name: What the case is called in reports.
        event: What to send.
        expect: As in `images/<function>/events/`; see `function_kit.expectations`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    function: str
    name: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    event: Any
    expect: Any = None

    @property
    def is_smoke_test(self) -> bool:
        """Whether any 2xx will do, as nothing in particular was asked for."""
        return self.expect is None and self.event == SMOKE_EVENT


class Request(BaseModel):
    """What to test: smoke events of functions, cases, or both; without either, all functions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    functions: tuple[str, ...] | None = None
    cases: Annotated[tuple[Case, ...], Field(max_length=MOST_CASES)] | None = None


def parse(event: dict[str, Any], known: tuple[str, ...]) -> tuple[Case, ...]:
    """The cases that an event asks for.

    Args:
        event: See `Request`.
        known: The functions that may be invoked.

    Raises:
        HttpError: 400, with a reason for each field.
    """
    try:
        request = Request.model_validate(event)
    except ValidationError as problem:
        raise refused(problem) from None
    functions = request.functions
    if functions is None:
        functions = known if request.cases is None else ()
    smoke = [Case(function=name, name=SMOKE, event=SMOKE_EVENT) for name in functions]
    cases = (*smoke, *(request.cases or ()))
    _require_known(cases, known)
    if not cases:
        raise invalid([{"field": "functions", "reason": "nothing was asked to be tested"}])
    return cases


def _require_known(cases: tuple[Case, ...], known: tuple[str, ...]) -> None:
    unknown = sorted({case.function for case in cases} - set(known))
    if unknown:
        reason = f"{', '.join(unknown)[:200]}: not among {', '.join(known)}"
        raise invalid([{"field": "functions", "reason": reason}])
