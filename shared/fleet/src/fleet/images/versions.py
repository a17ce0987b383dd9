"""One more tag for an image that is there: never a build, and no pull."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleet.errors import FleetError

if TYPE_CHECKING:
    from fleet.environments import Environment

_MANIFESTS = [
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
]


def add_tag(environment: Environment, function: str, digest: str, tag: str) -> bool:
    """Give an image a tag; whether it did not have it yet.

    Raises:
        FleetError: the tag means another image, or the image is gone.
    """
    client, repository = environment.client("ecr"), environment.repository(function)
    found = _image(client, repository, {"imageDigest": digest})
    if found is None:
        raise FleetError(f"{function}: the image {digest} is gone", "release one that is there")
    known = _image(client, repository, {"imageTag": tag})
    if known is not None:
        if known["imageId"]["imageDigest"] == digest:
            return False
        raise FleetError(
            f"{function}:{tag} is another image already", "a version is for good: take the next"
        )
    client.put_image(
        repositoryName=repository,
        imageManifest=found["imageManifest"],
        imageManifestMediaType=found.get("imageManifestMediaType") or _MANIFESTS[0],
        imageTag=tag,
    )
    return True


def _image(client: Any, repository: str, identity: dict[str, str]) -> dict[str, Any] | None:
    answer = client.batch_get_image(
        repositoryName=repository, imageIds=[identity], acceptedMediaTypes=_MANIFESTS
    )
    return answer["images"][0] if answer["images"] else None
