"""Images in ECR: push once, look up by tag, check what a release may rely on."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from fleet.docker import docker
from fleet.errors import FleetError

if TYPE_CHECKING:
    from pathlib import Path
    from ssl import SSLContext

    from fleet.environments import Environment
    from fleet.project import Project

# Lambda takes a single manifest; an index (a list of platforms or attestations) is rejected.
_MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
)
_INDEXES = (
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
_LAMBDA_ARCHITECTURE = {"amd64": "x86_64", "arm64": "arm64"}


@dataclass(frozen=True)
class Image:
    """An image in the registry.

    Attributes:
        uri: repository@digest, what Lambda is given.
        digest: sha256:… of the manifest.
        architecture: Lambda's name for it.
        compressed: bytes in the registry, the base included.
        layers: digests and compressed bytes, base first.
    """

    function: str
    tag: str
    uri: str
    digest: str
    architecture: str
    compressed: int
    layers: tuple[tuple[str, int], ...]


class Registry:
    """The ECR registry of one environment."""

    def __init__(self, project: Project, environment: Environment) -> None:
        self._project = project
        self._environment = environment
        self._ecr = environment.client("ecr")
        self._token: tuple[str, str] | None = None
        self._trust: SSLContext | None = None
        # Many functions are looked at side by side: what they share is made once.
        self._making = threading.Lock()

    @property
    def docker_config(self) -> Path:
        """The folder that holds the registry login, apart from the user's own."""
        folder = self._project.state / "docker"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def _local_address(self) -> str | None:
        instance = self._environment.instance
        return f"http://localhost:{instance.aws_port}" if instance else None

    def _authorization(self) -> tuple[str, str]:
        """The registry's address and its password, fetched once."""
        with self._making:
            if self._token is None:
                data = self._ecr.get_authorization_token()["authorizationData"][0]
                password = base64.b64decode(data["authorizationToken"]).decode().split(":", 1)[1]
                # The local AWS names its registry as AWS would, and answers under its own address.
                self._token = (self._local_address or data["proxyEndpoint"], password)
        return self._token

    def _trusted(self) -> SSLContext:
        """The certificate authorities: reading them takes longer than the request itself."""
        import httpx  # noqa: PLC0415  a rollback has no need of it, and is to be quick

        with self._making:
            if self._trust is None:
                self._trust = httpx.create_ssl_context()
        return self._trust

    def login(self) -> None:
        """Log docker in; the password goes through standard input, never an argument."""
        address, password = self._authorization()
        host = address.split("://", 1)[-1]
        docker(
            "login", "--username", "AWS", "--password-stdin", host,
            config=self.docker_config, stdin=password,
        )  # fmt: skip

    def repository_uri(self, function: str) -> str:
        """Where a function's images are pushed; it must exist, Terraform makes it."""
        name = self._environment.repository(function)
        try:
            answer = self._ecr.describe_repositories(repositoryNames=[name])
        except ClientError as error:
            if error.response["Error"]["Code"] != "RepositoryNotFoundException":
                raise
            raise FleetError(
                f"the repository {name} does not exist",
                f"run `make bootstrap ENV={self._environment.name}`: Terraform makes it",
            ) from error
        uri = str(answer["repositories"][0]["repositoryUri"])
        if self._local_address:
            return f"{urlsplit(self._local_address).netloc}/{uri.partition('/')[2]}"
        return uri

    def has_repository(self, function: str) -> bool:
        """Whether a function's repository exists."""
        try:
            self.repository_uri(function)
        except FleetError:
            return False
        return True

    def push(self, function: str, tag: str) -> bool:
        """Push a built image under its tag; return False when the tag is there already."""
        uri = self.repository_uri(function)
        if self._manifest(function, tag) is not None:
            return False
        local = f"{self._project.name}/{function}:{tag}"
        try:
            docker("image", "inspect", "--format", "{{.Id}}", local)
        except FleetError as error:
            raise FleetError(f"{local} is not built", f"run `make build FN={function}`") from error
        self._check_built(function, local)
        docker("tag", local, f"{uri}:{tag}")
        docker("push", "--quiet", f"{uri}:{tag}", config=self.docker_config)
        self.image(function, tag)
        return True

    def _check_built(self, function: str, local: str) -> None:
        """Refuse before a tag, which is for good, is given to an image that cannot run here."""
        built = docker("image", "inspect", "--format", "{{.Architecture}}", local)
        wanted = self._environment.architecture
        if _LAMBDA_ARCHITECTURE.get(built, built) != wanted:
            raise FleetError(
                f"{local} is built for {built}, and {self._environment.name} runs on {wanted}",
                f"run `make build push ENV={self._environment.name} FN={function}`",
            )

    def image(self, function: str, tag: str) -> Image:
        """Look an image up by tag or digest, and refuse one that Lambda would not take."""
        found = self._manifest(function, tag)
        if found is None:
            raise FleetError(
                f"{self._environment.repository(function)} has no image with the tag {tag}",
                f"run `make build push FN={function} TAG={tag}`, or give one of its tags: "
                f"{', '.join(self.tags(function)) or 'there are none'}",
            )
        digest, media_type, manifest = found
        if media_type not in _MANIFESTS:
            kind = "an index of several manifests" if media_type in _INDEXES else media_type
            raise FleetError(
                f"{function}:{tag} is {kind}, and Lambda takes one manifest only",
                "build it with `make build`: attestations and several platforms make an index",
            )
        layers = tuple((layer["digest"], int(layer["size"])) for layer in manifest["layers"])
        return Image(
            function=function,
            tag=tag,
            uri=f"{self.repository_uri(function)}@{digest}",
            digest=digest,
            architecture=self._architecture(function, manifest["config"]["digest"]),
            compressed=sum(size for _, size in layers),
            layers=layers,
        )

    def has_digest(self, function: str, digest: str) -> bool:
        """Whether an image is still there, for a rollback to it."""
        return self._batch_get(function, {"imageDigest": digest}) is not None

    def has_tag(self, function: str, tag: str) -> bool:
        """Whether a tag is in the registry."""
        return self._batch_get(function, {"imageTag": tag}) is not None

    def tags(self, function: str) -> list[str]:
        """The newest tags of a function's repository, at most ten."""
        pages = self._ecr.get_paginator("describe_images").paginate(
            repositoryName=self._environment.repository(function),
            filter={"tagStatus": "TAGGED"},
        )
        details = [detail for page in pages for detail in page["imageDetails"]]
        details.sort(key=lambda detail: str(detail.get("imagePushedAt", "")), reverse=True)
        return [tag for detail in details for tag in detail.get("imageTags", [])][:10]

    def _batch_get(self, function: str, image: dict[str, str]) -> dict[str, Any] | None:
        answer = self._ecr.batch_get_image(
            repositoryName=self._environment.repository(function),
            imageIds=[image],
            acceptedMediaTypes=[*_MANIFESTS, *_INDEXES],
        )
        return answer["images"][0] if answer["images"] else None

    def _manifest(self, function: str, tag: str) -> tuple[str, str, dict[str, Any]] | None:
        by = "imageDigest" if tag.startswith("sha256:") else "imageTag"
        found = self._batch_get(function, {by: tag})
        if found is None:
            return None
        manifest = json.loads(found["imageManifest"])
        media_type = manifest.get("mediaType") or found.get("imageManifestMediaType", "")
        return found["imageId"]["imageDigest"], media_type, manifest

    def _architecture(self, function: str, config_digest: str) -> str:
        """The architecture in an image's configuration, read from the registry."""
        import httpx  # noqa: PLC0415  as above

        address, password = self._authorization()
        path = f"/v2/{self._environment.repository(function)}/blobs/{config_digest}"
        try:
            answer = httpx.get(
                address.rstrip("/") + path,
                auth=("AWS", password),
                follow_redirects=True,
                timeout=30,
                verify=self._trusted(),
            )
        except httpx.HTTPError as error:
            raise FleetError(
                f"no answer from the registry: {error}", "check the network, then try again"
            ) from error
        if answer.is_error:
            raise FleetError(
                f"the registry answered {answer.status_code} for the image's configuration",
                "try again; when it stays, push the image anew under another tag",
            )
        architecture = str(answer.json().get("architecture", "unknown"))
        return _LAMBDA_ARCHITECTURE.get(architecture, architecture)
