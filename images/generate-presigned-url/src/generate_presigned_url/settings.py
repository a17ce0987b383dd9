"""What the function is told by its environment."""

from __future__ import annotations

from typing import Annotated

from function_kit.settings import Settings
from pydantic import StringConstraints

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
type BucketName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]


class DownloadSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        download_bucket: The one bucket that links are made for.
    """

    download_bucket: BucketName
