"""What one exchange of times says of a device's clock.

Source: RFC 5905, section 8, and the appendix on the client's on-wire protocol.
https://www.rfc-editor.org/rfc/rfc5905
"""

from __future__ import annotations

from typing import Final, NamedTuple

# Seconds. An HTTP API gives up after 30: an exchange that took longer was none, or the device's
# clock was set in the middle of it.
LONGEST: Final = 60.0
# How much a delay may be below zero: an honest device with a drift of RFC 5905's worst 500 ppm,
# and clocks that tick in milliseconds.
_TOLERANCE: Final = 0.005


class Exchange(NamedTuple):
    """Four times, in Unix seconds; the first and last by the device's clock, the others by ours.

    Attributes:
        t1: The device sent its request.
        t2: We received it.
        t3: We sent the answer.
        t4: The device received that.
    """

    t1: float
    t2: float
    t3: float
    t4: float

    @property
    def offset(self) -> float:
        """Seconds to add to the device's clock."""
        return ((self.t2 - self.t1) + (self.t3 - self.t4)) / 2

    @property
    def delay(self) -> float:
        """Seconds on the way, there and back."""
        return (self.t4 - self.t1) - (self.t3 - self.t2)

    @property
    def error_bound(self) -> float:
        """Seconds by which `offset` may be wrong, however the delay was split."""
        return max(self.delay, 0.0) / 2

    @property
    def plausible(self) -> bool:
        """Whether the device's clock ran on undisturbed between its two times."""
        return -_TOLERANCE <= self.delay <= LONGEST
