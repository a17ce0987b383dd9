"""An end to waiting for a server that is there and says nothing.

A timeout at the server does not help when the server itself stands still, and TCP notices only a
peer that is gone. So while a statement runs, somebody watches the clock, and cuts the socket.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class Watchdog:
    """Shuts a socket down unless the block it surrounds ends in time.

    Whoever waits on the socket then sees that it was closed.

    Attributes:
        seconds: How long the block may take.
        bit: Whether the socket was shut down.
    """

    def __init__(self, descriptor: int, seconds: float) -> None:
        """Watch the socket `descriptor` for `seconds` from entering the block on."""
        self.seconds = seconds
        self.bit = False
        self._descriptor = descriptor
        # Closing and reusing a descriptor in the very moment it bites must not hit another socket.
        self._lock = threading.Lock()
        self._over = False
        self._timer = threading.Timer(seconds, self._bite)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop watching."""
        with self._lock:
            self._over = True
        self._timer.cancel()

    def _bite(self) -> None:
        with self._lock:
            if self._over:
                return
            self.bit = True
            with suppress(OSError), socket.socket(fileno=os.dup(self._descriptor)) as copy:
                copy.shutdown(socket.SHUT_RDWR)
