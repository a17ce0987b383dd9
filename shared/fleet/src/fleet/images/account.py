"""The registry of another account: environments in accounts of their own, and one set of images."""

from __future__ import annotations

from typing import Any


def use_registry_of(client: Any, account: str) -> None:
    """Have every call of an ECR client mean the registry of an account."""

    def name_it(params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any]:
        members = model.input_shape.members
        if "registryId" in members:
            return {"registryId": account, **params}
        # Only the login names several; its answer is that registry's address.
        return {"registryIds": [account], **params} if "registryIds" in members else params

    client.meta.events.register("provide-client-params.ecr", name_it)
