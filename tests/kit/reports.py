"""Reports of releases as an engine would write them, for tests of what is made of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fleet.errors import ExitCode
from fleet.release.judge.statistics import fisher_greater, wilson
from fleet.release.outcome import FunctionOutcome, Look, Rate, Report, Step, Verdict

BEGAN = 1_790_000_000.0
TAG = "8a31c07be2f4d0a95c1b7be0c3f86d1f2a44e907"
BEFORE = "5d21f9e0c3aa11b7f09d6cd2e8b4a93710fe6622"
DIGEST = "sha256:" + "dd23396c7c7e4f18" * 4


def look(
    share: float,
    at: float,
    old: tuple[int, int],
    new: tuple[int, int],
    verdict: Verdict,
    reason: str,
    **more: Any,
) -> Look:
    """A look of a judge; counts are invocations and errors."""
    p_value = fisher_greater(new[1], new[0], old[1], old[0])
    return Look(at, share, _rate(*old), _rate(*new), more.pop("synthetic", 0), p_value, 0.0125,
                verdict, reason, **more)  # fmt: skip


def _rate(invocations: int, errors: int) -> Rate:
    return Rate(invocations, errors, *wilson(errors, invocations))


def steps(began: float, *named: tuple[str, float]) -> list[Step]:
    """Steps one after the other; one whose name ends with an exclamation mark has failed."""
    made = []
    for name, seconds in named:
        made.append(Step(name.rstrip("!"), began, seconds, failed=name.endswith("!")))
        began += seconds
    return made


_UNTIL_SHIFT = (("preflight", 0.6), ("update", 5.2), ("publish", 1.1), ("smoke", 0.9))


def released(function: str, began: float = BEGAN, **changes: Any) -> FunctionOutcome:
    """A canary that got through: 10, 50 and 100 percent."""
    shift = began + 8
    looks = [
        look(0.1, shift + 298, (1_930, 4), (214, 0), "pass", "0 of 214 failed, 4 of 1,930 before"),
        look(0.5, shift + 598, (2_960, 6), (1_263, 3), "pass", "3 of 1,263, 6 of 2,960 before"),
    ]
    outcome = FunctionOutcome(
        function=function,
        result="released",
        tag=TAG,
        digest=DIGEST,
        version="42",
        previous_version="41",
        previous_tag=BEFORE,
        steps=steps(began, *_UNTIL_SHIFT, ("shift", 905)),
        weights=[(shift, 0.1), (shift + 300, 0.5), (shift + 600, 1.0)],
        looks=looks,
        cold_ms=742.3,
        warm_ms=18.4,
        smoke={"statusCode": 200, "checks": {"database": "ok", "bucket": "readable"}},
    )
    return replace(outcome, **changes)


def put_back(function: str, began: float = BEGAN) -> FunctionOutcome:
    """A canary that the judge stopped at half of the traffic."""
    shift = began + 8
    reason = (
        "61 of 1,270 invocations of the new version failed (4.8 %), 5 of 2,880 of the old one "
        "(0.2 %): that is not chance"
    )
    looks = [
        look(0.1, shift + 298, (1_905, 3), (221, 2), "pass", "2 of 221 failed, 3 of 1,905 before"),
        look(0.5, shift + 598, (2_880, 5), (1_270, 61), "fail", reason),
    ]
    return released(
        function,
        began,
        result="put-back",
        exit_code=ExitCode.ROLLED_BACK,
        reason=f"version 42 of {function} was stopped: {reason}",
        todo=f"`fleet logs --function {function}` shows what it did; mend it and release again",
        steps=steps(began, *_UNTIL_SHIFT, ("shift!", 600), ("put back", 1.9)),
        weights=[(shift, 0.1), (shift + 300, 0.5), (shift + 601, 0.0)],
        looks=looks,
    )


def quiet(function: str, began: float = BEGAN) -> FunctionOutcome:
    """Hardly any traffic: the judge was helped by smoke events."""
    shift = began + 8
    few = "3 invocations are too few to tell: 70 more are needed"
    enough = "none of them failed, smoke events included"
    looks = [
        look(0.1, shift + 298, (31, 0), (3, 0), "inconclusive", few),
        look(0.1, shift + 331, (31, 0), (73, 0), "pass", enough, synthetic=70),
        look(0.5, shift + 631, (46, 0), (90, 0), "pass", enough, synthetic=70),
    ]
    weights = [(shift, 0.1), (shift + 333, 0.5), (shift + 633, 1.0)]
    notes = ["70 smoke events were sent for evidence"]
    return released(function, began, looks=looks, weights=weights, notes=notes)


def unchanged(function: str, began: float = BEGAN) -> FunctionOutcome:
    return FunctionOutcome(
        function, "unchanged", tag=TAG, digest=DIGEST, version="17", previous_version="17",
        steps=steps(began, ("preflight", 0.5)),
    )  # fmt: skip


def refused(function: str, began: float = BEGAN) -> FunctionOutcome:
    return FunctionOutcome(
        function,
        "refused",
        tag=TAG,
        previous_version="8",
        exit_code=ExitCode.REFUSED,
        reason=f"{function} is being released by ivo@build-7 since 2026-09-21 14:02:11 UTC",
        todo="wait for it with --wait 10m, or take over with `fleet rollback`",
        steps=steps(began, ("preflight!", 0.3)),
    )


def report(functions: list[FunctionOutcome], **changes: Any) -> Report:
    """A finished canary of some functions."""
    finished = Report(
        run_id="20260921T141320Z-4f1c9a",
        kind="release",
        project="lambda-fleet",
        environment="staging",
        actor="mara",
        tag=TAG,
        strategy="canary",
        steps=(0.1, 0.5, 1.0),
        bake_seconds=300,
        started_at=BEGAN,
        finished_at=BEGAN + 947,
        functions=functions,
    )
    return replace(finished, **changes)


def canary() -> Report:
    """Six functions that ended in every usual way."""
    return report(
        [
            released("scheduled-digest", BEGAN + 1),
            unchanged("generate-presigned-url", BEGAN + 1),
            put_back("device-registry", BEGAN + 2),
            quiet("hoopstat-importer", BEGAN + 3),
            refused("message-router", BEGAN + 1),
            released("invoke-gateway", BEGAN + 15, warm_ms=24.1),
        ],
        audit="the alarm lambda-fleet-staging-device-registry-duration was firing before",
        fix_forward=True,
    )


def many(number: int = 500) -> Report:
    """A large fleet: a few were put back, and some had nothing to do."""
    functions = []
    for index in range(number):
        name, began = f"function-{index:03}", BEGAN + index * 0.4
        kind = put_back if index % 97 == 5 else unchanged if index % 3 == 1 else released
        functions.append(kind(name, began))
    return report(functions, finished_at=BEGAN + 1_150)
