"""Whether an image is still in its registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from function_kit.aws_errors import AwsError

if TYPE_CHECKING:
    from function_kit.signed_api import SignedApi

_MISSING = frozenset({"ImageNotFoundException", "RepositoryNotFoundException"})
_NO_DIGEST = f"sha256:{'0' * 64}"


class Images:
    """The registry."""

    def __init__(self, api: SignedApi) -> None:
        """Take ECR's API."""
        self._api = api

    def has(self, image: str) -> bool:
        """Whether an image, named by digest with its registry and repository, is there."""
        name, _, digest = image.partition("@")
        parameters = {
            "repositoryName": name.partition("/")[2],
            "imageIds": [{"imageDigest": digest}],
        }
        try:
            self._api.call_json("DescribeImages", parameters)
        except AwsError as error:
            if error.code not in _MISSING:
                raise
            return False
        return True

    def check(self, image: str) -> None:
        """Use the permission to look, in the repository that an image is from.

        Raises:
            AwsError: It is missing, or the registry could not be used.
        """
        repository = image.partition("@")[0].rpartition("/")
        self.has(f"{repository[0]}/{repository[2].partition(':')[0]}@{_NO_DIGEST}")
