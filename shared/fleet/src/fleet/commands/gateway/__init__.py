"""The verbs of `fleet gateway`, one module each."""

from __future__ import annotations

import typer

from fleet.commands.gateway.add import add
from fleet.commands.gateway.key import rotate_key
from fleet.commands.gateway.list import list_
from fleet.commands.gateway.revoke import revoke
from fleet.commands.gateway.rotate import rotate

app = typer.Typer(
    name="gateway",
    help="The invoke gateway: who may call it, and what its tokens are signed with.",
    no_args_is_help=True,
)
client = typer.Typer(
    name="client", help="Who may call: credentials, functions, rate.", no_args_is_help=True
)
client.command("list")(list_)
for verb in (add, rotate, revoke):
    client.command()(verb)
key = typer.Typer(name="key", help="What tokens are signed with.", no_args_is_help=True)
key.command("rotate")(rotate_key)
app.add_typer(client)
app.add_typer(key)
