"""fleet gateway client revoke: shut a client out."""

from __future__ import annotations

from fleet.commands.gateway.options import ClientId, ask
from fleet.commands.options import Env, Json
from fleet.console import console, emit


def revoke(client_id: ClientId, env: Env = "local", *, as_json: Json = False) -> None:
    """Shut a client out, for good: within five seconds its tokens are not taken any more."""
    (client,) = ask(env, "client.revoke", client_id=client_id)
    console.print(f"{client_id} is revoked; its name is not given again", markup=False)
    if as_json:
        emit(client)
