"""A short cold start: what surrounds a function's own imports in Lambda's init phase.

Importing `function_kit` begins it, so a handler imports `function_kit` first. It acts on Lambda
and in its emulator only, never in tests or on a developer's machine. README.md says what each
step gains.

- The garbage collector waits: init allocates much and drops little. What was made is frozen at
  the end, so that later collections do not walk it.
- asyncio and anyio are deferred: structlog, pydantic-settings and httpcore import them for
  callers that are asynchronous, and ours are not.
- Modules come out of one file, see `bundle`, with room on the stack, see `frames`, and with the
  methods of their data classes compiled, see `generated`.
"""

from __future__ import annotations

import gc
import logging
import os
import sys

from function_kit import bundle, deferral

DEFERRED = frozenset({"asyncio", "anyio"})
_on_lambda = "AWS_LAMBDA_RUNTIME_API" in os.environ


def begin() -> None:
    """Prepare for init; called once, by the package itself."""
    if not _on_lambda:
        return
    gc.disable()
    runtime = sys.modules.get("awslambdaric")
    if runtime is not None and runtime.__file__:
        bundle.install(os.path.dirname(os.path.dirname(runtime.__file__)))  # noqa: PTH120
    deferral.install(DEFERRED)
    # Or every record of `logging` would load asyncio to ask for the current task's name.
    vars(logging)["logAsyncioTasks"] = False  # missing from the type stubs


def finish() -> None:
    """End init; called when the handler is ready."""
    if _on_lambda and not gc.isenabled():
        bundle.finish()
        gc.freeze()
        gc.enable()
