"""What the function is told by its environment."""

from __future__ import annotations

from function_kit.settings import BucketName, Settings


class DownloadSettings(Settings):
    """Each field is read from the environment variable of its name, in upper case.

    Attributes:
        download_bucket: The one bucket that links are made for.
    """

    download_bucket: BucketName
