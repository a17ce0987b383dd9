"""Where secrets are kept at AWS. Apart from `secrets`, which does without botocore locally."""

from __future__ import annotations

from typing import Any, Literal

from function_kit import aws

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


def prepare(store: Store) -> Any:  # noqa: ANN401 - botocore makes clients at run time
    """The store's client, made now if it was not before."""
    return aws.client(store)


def read(store: Store, name: str) -> str:
    """Fetch the current value of a secret or parameter.

    Raises:
        AwsError: It could not be read.
    """
    with aws.errors("reading a secret"):
        if store == "ssm":
            answer = prepare(store).get_parameter(Name=name, WithDecryption=True)
            return str(answer["Parameter"]["Value"])
        answer = prepare(store).get_secret_value(SecretId=name)
        if "SecretString" in answer:
            return str(answer["SecretString"])
        return bytes(answer["SecretBinary"]).decode()
