"""Whether an image is still in its registry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from function_kit.aws_errors import AwsError

if TYPE_CHECKING:
    from function_kit.signed_api import SignedApi

_NO_IMAGE = "ImageNotFoundException"
_MISSING = frozenset({_NO_IMAGE, "RepositoryNotFoundException"})
_ACCOUNT = re.compile(r"(\d{12})\.dkr\.ecr\.")
_NO_DIGEST = f"sha256:{'0' * 64}"


class Images:
    """The registry."""

    def __init__(self, api: SignedApi) -> None:
        """Take ECR's API."""
        self._api = api

    def has(self, image: str) -> bool:
        """Whether an image, named by digest with its registry and repository, is there."""
        try:
            self._describe(image)
        except AwsError as error:
            if error.code not in _MISSING:
                raise
            return False
        return True

    def check(self, image: str) -> None:
        """Use the permission to look, in the repository that an image is from.

        Raises:
            AwsError: It is missing, or the registry or its repository could not be used.
        """
        repository = image.partition("@")[0].rpartition("/")
        name = f"{repository[0]}/{repository[2].partition(':')[0]}"
        try:
            self._describe(f"{name}@{_NO_DIGEST}")
        except AwsError as error:
            # A repository that is not found is one that no image can be found in.
            if error.code != _NO_IMAGE:
                raise

    def _describe(self, image: str) -> None:
        name, _, digest = image.partition("@")
        host, _, repository = name.partition("/")
        parameters: dict[str, Any] = {
            "repositoryName": repository,
            "imageIds": [{"imageDigest": digest}],
        }
        account = _ACCOUNT.match(host)
        if account:
            # Without it ECR looks in the caller's own account, and the registry may be another's.
            parameters["registryId"] = account[1]
        self._api.call_json("DescribeImages", parameters)
