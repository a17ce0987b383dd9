"""Runs a function's handler as Lambda does, in this process or as a program of its own.

    python -m tests.kit.invoke scheduled_digest.handler REPORT

As a program it reads one JSON line for each invocation from standard input, `{event, request_id,
seconds, arn}`, and writes one to the file REPORT, `{result | error, seconds, max_rss_kib}`. The
function's own output goes to standard output, as on Lambda.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


@dataclass
class LambdaContext:
    """Lambda's context, with a clock of its own.

    Attributes:
        seconds: Until Lambda would end the invocation.
        alias: What the function was invoked by.
    """

    seconds: float = 300.0
    alias: str = "live"
    function_name: str = "lambda-fleet-local-function"
    function_version: str = "7"
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    _began: float = field(default_factory=time.monotonic)

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN with the alias."""
        return f"{ARN}{self.function_name}:{self.alias}"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds left."""
        return int((self.seconds - (time.monotonic() - self._began)) * 1000)


def _invoke(handler: Any, request: dict[str, Any]) -> dict[str, Any]:
    context = LambdaContext(seconds=request["seconds"])
    context.aws_request_id = request["request_id"]
    began = time.monotonic()
    try:
        outcome = {"result": handler(request["event"], context)}
    except Exception as error:  # noqa: BLE001 - as the runtime does
        outcome = {"error": f"{type(error).__name__}: {error}"}
    return outcome | {"seconds": time.monotonic() - began, "max_rss_kib": _peak_memory()}


def _peak_memory() -> int:
    """KiB of this program. `ru_maxrss` would be the greater of its own and of its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])


def main(module: str, report: str) -> None:
    """Serve invocations from standard input until it ends."""
    handler = importlib.import_module(module).handler
    with Path(report).open("a", encoding="utf-8", buffering=1) as out:
        out.writelines(json.dumps(_invoke(handler, json.loads(line))) + "\n" for line in sys.stdin)


if __name__ == "__main__":
    main(*sys.argv[1:])
