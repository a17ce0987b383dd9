"""Cold and warm times of what is live, held against the last release."""

from __future__ import annotations

import base64
import json
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from function_kit import releases
from function_kit.redaction import redact_text

from fleet.docker import drop_containers
from fleet.release import smoke
from fleet.release.told import ALIAS, Answer
from fleet.release.validation.checks import Check, passed, skipped, warned

if TYPE_CHECKING:
    from function_kit.releases import Release

    from fleet.project import SampleEvent
    from fleet.release.api import LambdaApi
    from fleet.release.validation.subject import Sources, Subject

COLD_CALLS = 3
WARM_CALLS = 5
# A slowdown is one of more than a fifth, and of more than clocks and networks vary by.
SLOWER = 1.20
FLOOR_MS = 20.0
# In the report line that Lambda adds to the log of a call which started an instance.
_COLD = b"Init Duration:"


@dataclass
class Times:
    """Milliseconds of calls, from here and back; `refusal` says why there are none."""

    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    refusal: str = ""


def check(sources: Sources, subject: Subject) -> list[Check]:
    """Call the function with its smoke event a few times, cold and warm."""
    sample = sources.project.smoke(subject.function)
    if subject.live.state == "Inactive":
        sources.control(subject.function).wait_active(subject.alias.version)
    times = measure(sources.api, subject, sample)
    if times.refusal:
        return [skipped("times.warm", f"the smoke event fails: {redact_text(times.refusal)}")]
    return judge(times, baseline(subject))


def measure(api: LambdaApi, subject: Subject, sample: SampleEvent) -> Times:
    """Time calls: locally some with no container running; on AWS what happens to be cold is."""
    times = Times()
    for number in range(COLD_CALLS + WARM_CALLS):
        dropped = subject.environment.is_local and number < COLD_CALLS
        if dropped:
            drop_containers(subject.live.image, subject.environment.network)
        answer, started = _call(api, subject, sample)
        times.refusal = smoke.verdict(answer, sample) or ""
        if times.refusal:
            return times
        (times.cold if dropped or started else times.warm).append(answer.milliseconds)
    return times


def _call(api: LambdaApi, subject: Subject, sample: SampleEvent) -> tuple[Answer, bool]:
    """One call, and whether an instance was started for it."""
    began = time.perf_counter()
    answer = api.call(
        "invoke",
        FunctionName=subject.name,
        Qualifier=ALIAS,
        Payload=json.dumps(sample.event).encode(),
        LogType="Tail",
    )
    body = answer["Payload"].read()
    took = (time.perf_counter() - began) * 1000
    started = _COLD in base64.b64decode(answer.get("LogResult", ""))
    return Answer(_decode(body), answer.get("FunctionError"), took), started


def _decode(body: bytes) -> object:
    try:
        decoded: object = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
    return decoded


def baseline(subject: Subject) -> Release | None:
    """The release to compare with: the one before what is live; the live one if it is the first.

    None where no release has its times recorded.
    """
    version, known = subject.alias.version, subject.releases
    before = releases.previous(known, version)
    candidates = [before, releases.made_live(known, version)]
    return next((r for r in candidates if r and (r.cold_ms or r.warm_ms)), None)


def judge(times: Times, before: Release | None) -> list[Check]:
    """What the times mean beside those of an earlier release."""
    return [
        _judge("cold", times.cold, before, before.cold_ms if before else 0),
        _judge("warm", times.warm, before, before.warm_ms if before else 0),
    ]


def _judge(kind: str, measured: list[float], before: Release | None, earlier: float) -> Check:
    name = f"times.{kind}"
    if not measured:
        return skipped(name, "an instance was there already, and no call started another")
    now = statistics.median(measured)
    if before is None or not earlier:
        return passed(name, f"{now:.0f} ms, no earlier one recorded")
    against = f"{earlier:.0f} ms of version {before.version} ({before.tag[:12] or 'no tag'})"
    if now > earlier * SLOWER and now - earlier > FLOOR_MS:
        return warned(
            name,
            f"{now:.0f} ms, {now / earlier - 1:.0%} slower than {against}",
            "compare the two commits; `make bench` measures the start of an image by itself",
        )
    return passed(name, f"{now:.0f} ms, against {against}")
