"""What the registry says of an image, and which images Lambda would not take."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from fleet import environments
from fleet.environments import Environment
from fleet.errors import FleetError
from fleet.images.registry import Registry
from fleet.project import Project

from tests.kit.program import ROOT
from tests.kit.scripted import Reply, serving

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"
FUNCTION = "generate-presigned-url"


class Ecr:
    """ECR with one repository; `images` holds manifests by tag."""

    def __init__(self, proxy: str = "https://registry.invalid") -> None:
        self.images: dict[str, dict[str, Any]] = {}
        self.exists = True
        self.proxy = proxy

    def describe_repositories(self, repositoryNames: list[str]) -> dict[str, Any]:
        if not self.exists:
            raise ClientError({"Error": {"Code": "RepositoryNotFoundException"}}, "Describe")
        return {"repositories": [{"repositoryUri": f"1.dkr.example/{repositoryNames[0]}"}]}

    def batch_get_image(self, imageIds: list[dict[str, str]], **_: Any) -> dict[str, Any]:
        (wanted,) = imageIds
        found = [
            {
                "imageId": {"imageDigest": f"sha256:{tag}"},
                "imageManifest": json.dumps(manifest),
                "imageManifestMediaType": manifest["mediaType"],
            }
            for tag, manifest in self.images.items()
            if wanted in ({"imageTag": tag}, {"imageDigest": f"sha256:{tag}"})
        ]
        return {"images": found}

    def get_authorization_token(self) -> dict[str, Any]:
        token = base64.b64encode(b"AWS:the-password").decode()
        return {"authorizationData": [{"authorizationToken": token, "proxyEndpoint": self.proxy}]}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"imageDetails": [{"imageTags": [tag]} for tag in self.images]}]


@pytest.fixture
def ecr() -> Ecr:
    return Ecr()


@pytest.fixture
def registry(ecr: Ecr, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setattr(Environment, "client", lambda *_: ecr)
    project = Project(ROOT)
    return Registry(project, environments.load(project, "dev"))


def test_an_index_is_refused_and_the_way_out_is_told(registry: Registry, ecr: Ecr) -> None:
    ecr.images["t"] = {"mediaType": INDEX, "manifests": []}
    with pytest.raises(FleetError, match="is an index of several manifests") as error:
        registry.image(FUNCTION, "t")
    assert "make build" in error.value.todo


def test_an_unknown_kind_of_manifest_is_refused_by_name(registry: Registry, ecr: Ecr) -> None:
    ecr.images["t"] = {"mediaType": "application/x-other"}
    with pytest.raises(FleetError, match="is application/x-other"):
        registry.image(FUNCTION, "t")


def test_a_missing_tag_lists_those_that_are_there(registry: Registry, ecr: Ecr) -> None:
    ecr.images["known"] = {"mediaType": MANIFEST}
    with pytest.raises(FleetError, match="no image with the tag missing") as error:
        registry.image(FUNCTION, "missing")
    assert "known" in error.value.todo


def test_a_missing_repository_leads_to_bootstrap(registry: Registry, ecr: Ecr) -> None:
    ecr.exists = False
    assert registry.has_repository(FUNCTION) is False
    with pytest.raises(FleetError, match="does not exist") as error:
        registry.push(FUNCTION, "t")
    assert "make bootstrap ENV=dev" in error.value.todo


def test_pushing_what_was_not_built_says_so(registry: Registry) -> None:
    with pytest.raises(FleetError, match="is not built") as error:
        registry.push(FUNCTION, "f" * 40)
    assert "make build" in error.value.todo


def manifest(size: int = 5) -> dict[str, Any]:
    return {
        "mediaType": MANIFEST,
        "config": {"digest": "sha256:config"},
        "layers": [{"digest": "sha256:a", "size": size}, {"digest": "sha256:b", "size": 7}],
    }


@pytest.mark.parametrize(
    ("docker", "aws"), [("amd64", "x86_64"), ("arm64", "arm64"), ("s390x", "s390x")]
)
def test_an_image_is_described_by_digest_in_lambda_s_words(
    registry: Registry, ecr: Ecr, docker: str, aws: str
) -> None:
    ecr.images["t"] = manifest()
    with serving() as server:
        ecr.proxy = server.url
        server.script(Reply.json({"architecture": docker}))
        image = registry.image(FUNCTION, "t")
    assert (image.digest, image.architecture, image.compressed) == ("sha256:t", aws, 12)
    assert image.uri == f"1.dkr.example/lambda-fleet/{FUNCTION}@sha256:t"
    (asked,) = server.requests
    assert asked.path == f"/v2/lambda-fleet/{FUNCTION}/blobs/sha256:config"


def test_a_registry_that_does_not_give_the_configuration_is_told(
    registry: Registry, ecr: Ecr
) -> None:
    ecr.images["t"] = manifest()
    with serving() as server:
        ecr.proxy = server.url
        server.script(Reply(status=500))
        with pytest.raises(FleetError, match="the registry answered 500") as error:
            registry.image(FUNCTION, "t")
    assert "the-password" not in str(error.value)
