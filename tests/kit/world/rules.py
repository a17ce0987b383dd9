"""What Lambda refuses of an update, by its arguments."""

from __future__ import annotations

import re

from tests.kit.world.functions import LATEST, AwsError, Function


def check_revision(given: str | None, known: str) -> None:
    if given is not None and given != known:
        raise AwsError(
            "PreconditionFailedException",
            "The RevisionId provided does not match the latest RevisionId. Call the GetFunction "
            "API or the GetAlias API to retrieve the latest RevisionId for your resource.",
            412,
        )


def check_routing(function: Function, alias: str, version: str, weights: dict[str, float]) -> None:
    made = function.version(version)
    if not weights:
        return
    if LATEST in {version, *weights}:
        raise _invalid("$LATEST is not supported for an alias pointing to more than 1 version")
    if len(weights) > 1:
        raise _invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
    if alias in function.provisioned:
        raise _invalid("Alias with weights can not be used with Provisioned Concurrency")
    for number, weight in weights.items():
        if not re.fullmatch(r"[0-9]+", number) or not 0.0 <= weight <= 1.0:
            raise _invalid(f"{number}={weight} is not a weight")
        if number == version:
            raise _invalid(
                f"Invalid function version {number}. Function version {number} is already "
                "included in routing configuration."
            )
        other = function.version(number)
        for key in ("Role", "DeadLetterConfig"):
            if other.configuration.get(key) != made.configuration.get(key):
                raise _invalid(f"The versions that an alias points at must have the same {key}")


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValueException", message)
