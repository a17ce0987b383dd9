"""Where secrets are kept at AWS."""

from __future__ import annotations

import base64
from functools import cache
from typing import Literal

from function_kit.signed_api import SignedApi

type Store = Literal["secretsmanager", "ssm"]

# The secret was taken away on purpose: an older value must not live on.
FINAL_CODES = frozenset(
    {
        "AccessDeniedException",
        "InvalidRequestException",
        "ParameterNotFound",
        "ResourceNotFoundException",
    }
)


# Seconds. Three attempts, and the pauses between them, end before a function of 6 s does.
_TIMEOUT = 1.5


@cache
def prepare(store: Store) -> SignedApi:
    """The store's client, made once."""
    return SignedApi(store, timeout=_TIMEOUT)


def read(store: Store, name: str) -> str:
    """Fetch the current value of a secret or parameter.

    Raises:
        AwsError: It could not be read.
    """
    if store == "ssm":
        answer = prepare(store).call_json("GetParameter", {"Name": name, "WithDecryption": True})
        return str(answer["Parameter"]["Value"])
    answer = prepare(store).call_json("GetSecretValue", {"SecretId": name})
    if "SecretString" in answer:
        return str(answer["SecretString"])
    return base64.b64decode(answer["SecretBinary"]).decode()
