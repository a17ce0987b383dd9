"""Reads the lake's three buckets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from fleet.errors import ExitCode, FleetError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleet.environments import Environment

LAYERS: Final = ("bronze", "silver", "gold")
_ABSENT: Final = {"NoSuchKey", "404"}


class Buckets:
    """The layers' buckets of one environment."""

    def __init__(self, environment: Environment) -> None:
        """Name them, for the account whose credentials these are."""
        self._s3 = environment.client("s3")
        account = environment.client("sts").get_caller_identity()["Account"]
        self._names = {layer: f"{environment.function_name(layer)}-{account}" for layer in LAYERS}

    def keys(self, layer: str, prefix: str = "") -> Iterator[str]:
        """The keys under a prefix, in order, page after page.

        Raises:
            FleetError: There is no such bucket.
        """
        pages = self._s3.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._names[layer], Prefix=prefix):
                for entry in page.get("Contents", []):
                    yield str(entry["Key"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":
                raise
            raise FleetError(
                f"there is no bucket {self._names[layer]}",
                "`fleet apply` makes it; is this the right environment and account?",
                ExitCode.PREFLIGHT,
            ) from None

    def document(self, layer: str, key: str) -> Any:
        """The JSON document in an object; None when there is none."""
        try:
            answer = self._s3.get_object(Bucket=self._names[layer], Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _ABSENT:
                return None
            raise
        with answer["Body"] as body:
            return json.loads(body.read())
