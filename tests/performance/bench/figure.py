"""One figure: what was asked, what was measured, and how to see it again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Figure:
    """A figure of one run.

    Attributes:
        key: Names it in every run: the benchmark, then what it measured.
        system: Whom it is about, for people.
        asked: The promise in words; "" when nothing was promised and it is told all the same.
        value: What was measured, in `unit`.
        limit: What `value` is held to; None when nothing was promised.
        better: Whether less or more of it is good.
        relative: It is a ratio to something measured in the same minutes, so that the machine's
            speed is not in it.
        exact: It has no noise, such as a size in bytes.
        samples: The same figure of each round, where there were rounds.
        command: What measures it.
    """

    key: str
    system: str
    title: str
    asked: str
    value: float
    unit: str
    command: str
    limit: float | None = None
    better: Literal["less", "more"] = "less"
    relative: bool = False
    exact: bool = False
    samples: tuple[float, ...] = ()

    @property
    def held(self) -> bool | None:
        """Whether the promise was kept; None when there was none."""
        if self.limit is None:
            return None
        return self.value <= self.limit if self.better == "less" else self.value >= self.limit

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"samples": list(self.samples), "held": self.held}


def from_json(found: dict[str, Any]) -> Figure:
    """A figure of a file; what a newer program added to it is left out."""
    known = {name: found[name] for name in Figure.__dataclass_fields__ if name in found}
    return Figure(**known | {"samples": tuple(found.get("samples", ()))})


def shown(value: float, unit: str) -> str:
    """A value as people read it."""
    if value >= 1000:
        text = f"{value:,.0f}"
    elif float(value).is_integer():
        text = f"{value:.0f}"
    else:
        text = f"{value:.3g}" if value < 100 else f"{value:.0f}"
    return f"{text} {unit}".rstrip()
