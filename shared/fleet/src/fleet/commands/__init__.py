"""The verbs of `fleet`, one module each."""

from __future__ import annotations

from fleet.commands.apply import apply
from fleet.commands.bootstrap import bootstrap
from fleet.commands.build import build
from fleet.commands.changed import changed
from fleet.commands.cost import cost
from fleet.commands.demo import demo
from fleet.commands.down import down
from fleet.commands.history import history
from fleet.commands.invoke import invoke
from fleet.commands.logs import logs
from fleet.commands.new import new
from fleet.commands.outputs import outputs
from fleet.commands.plan import plan
from fleet.commands.promote import promote
from fleet.commands.prune import prune
from fleet.commands.push import push
from fleet.commands.release import release
from fleet.commands.resume import resume
from fleet.commands.rollback import rollback
from fleet.commands.scan import scan
from fleet.commands.status import status
from fleet.commands.terraform import terraform
from fleet.commands.up import up
from fleet.commands.validate import validate

VERBS = (
    build,
    push,
    bootstrap,
    plan,
    changed,
    cost,
    apply,
    release,
    rollback,
    resume,
    prune,
    promote,
    scan,
    validate,
    status,
    history,
    outputs,
    terraform,
    new,
    invoke,
    logs,
    up,
    down,
    demo,
)
