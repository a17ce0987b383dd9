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
    from collections.abc import Iterable, Sequence

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
    require_values(environment.client("secretsmanager"), secrets_of(outputs, env))
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


def secrets_of(outputs: dict[str, Any], env: str) -> dict[str, str]:
    """The secrets that Terraform makes empty, and how a person sets each."""
    signing_key = outputs["invoke_gateway"]["signing_key_secret_arn"]
    login = 'aws secretsmanager put-secret-value, as {"username": …, "password": …}'
    return {
        outputs["digest"]["secret_arn"]: "aws secretsmanager put-secret-value",
        signing_key: f"fleet gateway key rotate --env {env}",
        **dict.fromkeys(outputs["database"]["secret_arns"].values(), login),
    }


def require_values(client: Any, secrets: dict[str, str]) -> None:
    """Stop before a release that could only fail, and name every secret that is empty."""
    described = {secret: client.describe_secret(SecretId=secret) for secret in secrets}
    empty = {
        described[secret].get("Name", secret): how
        for secret, how in secrets.items()
        if not any("AWSCURRENT" in stages for stages in _stages(described[secret]))
    }
    if empty:
        raise FleetError(
            f"each of these secrets has no value yet: {', '.join(empty)}",
            "set each (docs/runbooks/first-deploy.md), then run bootstrap again, which goes on from"
            " here:\n" + "\n".join(f"  {name}: {how}" for name, how in empty.items()),
            ExitCode.NEEDS_PERSON,
        )


def _stages(described: dict[str, Any]) -> Iterable[list[str]]:
    stages: dict[str, list[str]] = described.get("VersionIdsToStages", {})
    return stages.values()


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
