"""What a caller may ask for, and the key that it gets."""

from __future__ import annotations

import re
import unicodedata
import uuid
from datetime import datetime  # noqa: TC003 - pydantic looks it up
from typing import TYPE_CHECKING, Annotated, Final

from function_kit.http_api import invalid
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

if TYPE_CHECKING:
    from presigned_url_s3_upload.settings import UploadSettings

PREFIX: Final = "uploads/"
_NAME_BYTES: Final = 120
_EXTENSION_BYTES: Final = 16
# Letters and digits of any script, and what every system takes in a name.
_OTHER = re.compile(r"[^\w.-]+")


def clean(name: object) -> str:
    """A file's name without its folders, and without what a system could trip over.

    Raises:
        ValueError: It is no text, or nothing of it is left.
    """
    if not isinstance(name, str):
        raise ValueError("must be text")  # noqa: TRY004 - pydantic wants ValueError
    # Composed, so that one name is one key whatever the device's system makes of an accent.
    base = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    base = _OTHER.sub("_", base).strip("._-")
    if not base or not base.strip("_"):
        raise ValueError("must have a letter or a digit after its last slash")
    stem, dot, extension = base.rpartition(".")
    if dot and len(extension.encode()) <= _EXTENSION_BYTES:
        return _cut(stem, _NAME_BYTES - len(extension.encode()) - 1) + dot + extension
    return _cut(base, _NAME_BYTES)


def _cut(text: str, size: int) -> str:
    """As much of a text as fits into so many bytes."""
    return text.encode()[:size].decode(errors="ignore")


class UploadRequest(BaseModel):
    """A file that is to be uploaded.

    Attributes:
        filename: Its name; folders in it are ignored.
        content_type: Its media type.
        size: Its length in bytes, exactly.
        device_id: Whose it is.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    filename: Annotated[str, BeforeValidator(clean)] = Field(
        min_length=1, description="The file's name; folders in it are ignored."
    )
    content_type: Annotated[str, StringConstraints(to_lower=True, min_length=1, max_length=127)] = (
        Field(description="Its media type, one of those that the function allows.")
    )
    size: Annotated[int, Field(ge=1, description="Its length in bytes, exactly.")]
    device_id: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9]([._-]?[A-Za-z0-9_-]){0,63}$", max_length=64)
    ] = Field(description="Whose it is.")

    def require_allowed(self, settings: UploadSettings) -> None:
        """See that the function takes such a file.

        Raises:
            HttpError: 400, its type or size is not allowed.
        """
        problems = []
        if self.content_type not in settings.upload_content_types:
            allowed = ", ".join(settings.upload_content_types)
            problems.append({"field": "content_type", "reason": f"must be one of {allowed}"})
        if self.size > settings.upload_max_bytes:
            reason = f"must be {settings.upload_max_bytes} or less"
            problems.append({"field": "size", "reason": reason})
        if problems:
            raise invalid(problems)

    def key(self, now: datetime) -> str:
        """A new key below the device's prefix, another one each time."""
        return f"{PREFIX}{self.device_id}/{now:%Y/%m/%d}/{uuid.uuid4().hex}-{self.filename}"
