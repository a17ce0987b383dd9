"""fleet bootstrap: an environment from nothing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from fleet.commands.conduct import end
from fleet.commands.options import Env, Functions, Json, Tag, Workplace
from fleet.commands.release import release_images
from fleet.console import note, step
from fleet.docker import require_engine
from fleet.errors import ExitCode, FleetError
from fleet.images import bake
from fleet.release.strategy import Options
from fleet.stack import fixtures

if TYPE_CHECKING:
    from collections.abc import Sequence

# A function cannot be created without its image, and an image cannot be pushed without its
# repository. Targets bring what they depend on.
REGISTRY = ("aws_ecr_lifecycle_policy.function", "aws_ecr_repository_policy.function")


def bootstrap(
    env: Env = "local", *, function: Functions = "all", tag: Tag = "", as_json: Json = False
) -> None:
    """Make the registry, push the images, apply the rest, release the functions.

    Where the others are there already, one function that is new is brought up alone.
    """
    place = Workplace.of(env)
    place.environment.require_releases()
    require_engine()
    project, environment = place.project, place.environment
    functions, tag = project.select(function), tag or project.commit()
    require_others(place, functions)
    if environment.is_local:
        ensure_state_bucket(place)
    with step("terraform: the registry"):
        place.terraform.init()
        if not all(place.registry.has_repository(function) for function in project.functions):
            place.terraform.apply(*REGISTRY, image_tag=tag)
    with step(f"build and push {tag[:12]}"):
        build_and_push(place, tag, functions)
    with step("terraform: everything else"):
        place.terraform.apply(image_tag=tag)
    outputs = place.terraform.outputs()
    if environment.is_local:
        with step("secrets and sample data of the local stack"):
            fixtures.prepare(place.stack, outputs)
    for secret in (
        outputs["digest"]["secret_arn"],
        outputs["invoke_gateway"]["signing_key_secret_arn"],
        *outputs["database"]["secret_arns"].values(),
    ):
        require_value(environment.client("secretsmanager"), secret)
    report = release_images(place, dict.fromkeys(functions, tag), Options())
    if environment.is_local:
        fixtures.upload(environment, outputs)
    end(report, as_json=as_json)


def require_others(place: Workplace, functions: Sequence[str]) -> None:
    """Stop before Terraform would make functions whose images nobody has built."""
    others = set(place.project.functions) - set(functions)
    if not others:
        return
    pages = place.environment.client("lambda").get_paginator("list_functions").paginate()
    there = {each["FunctionName"] for page in pages for each in page["Functions"]}
    if missing := sorted(fn for fn in others if place.environment.function_name(fn) not in there):
        raise FleetError(
            f"{place.environment.name} has no {', '.join(missing)} yet",
            "bootstrap makes them with the rest: leave --function out (make bootstrap without FN)",
            ExitCode.PREFLIGHT,
        )


def require_value(client: Any, secret: str) -> None:
    """Stop before a release that could only fail: Terraform makes a secret, a person sets it."""
    stages = client.describe_secret(SecretId=secret).get("VersionIdsToStages", {})
    if not any("AWSCURRENT" in names for names in stages.values()):
        raise FleetError(
            f"the secret {secret} has no value yet",
            "set it (README.md, Secrets), then run bootstrap again: it goes on from here",
            ExitCode.NEEDS_PERSON,
        )


def build_and_push(place: Workplace, tag: str, functions: Sequence[str] = ()) -> None:
    """Build what the registry lacks of some functions or all, and push it."""
    project = place.project
    place.registry.login()
    wanted = functions or project.functions
    missing = [fn for fn in wanted if not place.registry.has_tag(fn, tag)]
    if not missing:
        note("  every image was there already")
        return
    bake.build(project, missing, tag=tag, architecture=place.environment.architecture)
    for function in missing:
        place.registry.push(function, tag)


def ensure_state_bucket(place: Workplace) -> None:
    """Make the bucket of the local Terraform state; in the cloud it exists beforehand."""
    client = place.environment.client("s3")
    bucket = f"{place.project.name}-local-state"
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
        try:
            client.create_bucket(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != "BucketAlreadyExists":
                raise
