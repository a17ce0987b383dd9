"""Lambda's request rates: who asks too often is refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.kit.world.functions import AwsError

# Of an account and region; GetFunction has its own, invocations are not of the control plane.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
CONTROL_RATE = 15.0
READ_RATE = 100.0


@dataclass
class Bucket:
    """Tokens that come back at a rate, as many as can be saved up.

    Attributes:
        rate: requests a second.
        size: how many at once after a pause.
        refused: how many requests found it empty.
    """

    rate: float
    size: float
    left: float = -1.0
    at: float = 0.0
    refused: int = 0

    def take(self, now: float) -> bool:
        """Take a token; whether there was one."""
        filled = self.size if self.left < 0 else self.left + (now - self.at) * self.rate
        self.left, self.at = min(self.size, filled), now
        # Sums of tenths: what lacks less than a millionth is there.
        if self.left < 1 - 1e-6:
            self.refused += 1
            return False
        self.left -= 1
        return True


@dataclass
class Rates:
    """The buckets, and who draws from which.

    Attributes:
        one_bucket: whether GetFunction draws from the shared one too.
        calls: how often each operation was asked for, refused ones included.
    """

    control: Bucket = field(default_factory=lambda: Bucket(CONTROL_RATE, CONTROL_RATE))
    reads: Bucket = field(default_factory=lambda: Bucket(READ_RATE, READ_RATE))
    one_bucket: bool = False
    calls: dict[str, int] = field(default_factory=dict)

    def meter(self, operation: str, now: float) -> None:
        """Count a request, and refuse it when there are too many."""
        self.calls[operation] = self.calls.get(operation, 0) + 1
        if operation == "Invoke":
            return
        own = operation == "GetFunction" and not self.one_bucket
        if not (self.reads if own else self.control).take(now):
            raise throttled()


def throttled() -> AwsError:
    return AwsError(
        "TooManyRequestsException", "Rate exceeded", 429, Reason="CallerRateLimitExceeded"
    )
