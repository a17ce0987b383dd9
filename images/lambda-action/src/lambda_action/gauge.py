"""How busy a process is, for those who decide how many there are: metrics in its log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from function_kit.metrics import Metrics

if TYPE_CHECKING:
    from lambda_action.gateway import Gateway

_SAMPLES: Final = 10  # for one line
_EVERY: Final = 1.0  # seconds between two


async def report(gateway: Gateway, service: str, environment: str) -> None:
    """Write `UnderWay`, `Refused`, `AuditWaiting` and `AuditLost` down, until cancelled.

    Terraform's autoscaling reads `UnderWay`: requests under way in this process, each second.
    """
    metrics = Metrics("LambdaFleet", service, environment)
    refused = lost = 0
    while True:
        for _ in range(_SAMPLES):
            await asyncio.sleep(_EVERY)
            metrics.add("UnderWay", gateway.places.taken)
        state = gateway.audit.state()
        now_refused, now_lost = gateway.places.refused, int(state.get("lost", 0))
        metrics.add("Refused", now_refused - refused)
        metrics.add("AuditLost", now_lost - lost)
        metrics.add("AuditWaiting", int(state.get("waiting", 0)))
        metrics.flush()
        refused, lost = now_refused, now_lost
