"""Whose keys calls of Lambda are signed with."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from function_kit.aws_errors import AwsError
from function_kit.logging import get_logger
from function_kit.sigv4 import Credentials, ask_elsewhere

if TYPE_CHECKING:
    from lambda_action.lambda_api import CredentialSource

# Seconds between two looks: botocore renews a role's keys when they have 15 minutes left.
_PERIOD = 60.0


class Environment:
    """The execution role's keys, as Lambda gives them for as long as the environment lives."""

    def current(self) -> Credentials:
        """The keys; see `Credentials.from_environment`."""
        return Credentials.from_environment()


class Chain:
    """The default chain: environment, files, a container's role, a machine's role.

    Renewing keys asks the network. So a thread of its own does that, ahead of time, and no
    request waits for it.
    """

    def __init__(self) -> None:
        """Find the keys.

        Raises:
            AwsError: `NoCredentials`, there are none.
        """
        # A third of a second, which the form that runs in Lambda does without.
        from botocore.session import Session  # noqa: PLC0415

        self._found: Any = Session().get_credentials()
        if self._found is None:
            raise AwsError("NoCredentials", "the default chain of credentials has none")
        self._stop = threading.Event()
        self._current = self._frozen()
        # Secrets and the database's tokens are asked for with the same keys.
        ask_elsewhere(self.current)
        threading.Thread(target=self._renew, name="credentials", daemon=True).start()

    def current(self) -> Credentials:
        """The keys as they were a minute ago at most."""
        return self._current

    def close(self) -> None:
        """Look no more."""
        self._stop.set()

    def _frozen(self) -> Credentials:
        keys = self._found.get_frozen_credentials()
        return Credentials(keys.access_key, keys.secret_key, keys.token or "")

    def _renew(self) -> None:
        while not self._stop.wait(_PERIOD):
            try:
                self._current = self._frozen()
            except Exception:  # noqa: BLE001 - whatever botocore raises: these keys are good for a while
                get_logger().exception("credentials_not_renewed")


def default_source() -> CredentialSource:
    """The role's keys in Lambda, the default chain elsewhere."""
    return Environment() if "AWS_LAMBDA_FUNCTION_NAME" in os.environ else Chain()
