"""The verbs of `fleet`, one module each."""

from __future__ import annotations

from fleet.commands.apply import apply
from fleet.commands.bootstrap import bootstrap
from fleet.commands.build import build
from fleet.commands.demo import demo
from fleet.commands.deploy import deploy
from fleet.commands.down import down
from fleet.commands.history import history
from fleet.commands.invoke import invoke
from fleet.commands.logs import logs
from fleet.commands.plan import plan
from fleet.commands.push import push
from fleet.commands.rollback import rollback
from fleet.commands.status import status
from fleet.commands.up import up

VERBS = (
    build,
    push,
    bootstrap,
    plan,
    apply,
    deploy,
    rollback,
    status,
    history,
    invoke,
    logs,
    up,
    down,
    demo,
)
