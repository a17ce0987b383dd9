"""Web actions sent and worked on, and what becomes of them."""

from __future__ import annotations

from typing import Any

from message_kit.message import AuthConfig, Draft, Message, MessageType

from tests.kit.messages import World


def action(auth: dict[str, Any] | None = None, **arguments: Any) -> Draft:
    """A message that asks for an action."""
    config = AuthConfig.model_validate(auth) if auth else None
    return Draft(message_type=MessageType.WEB_ACTION, arguments=arguments, auth_config=config)


def do(world: World, draft: Draft, **settings: Any) -> Message:
    """Send a message and let the function work on it until nothing is left; gives it then."""
    (sent,) = world.send(draft)
    with world.function("web_action", **({"QUEUE_URL": world.action_queue} | settings)) as function:
        world.mapping(function, world.action_queue).drain()
    return world.message(sent.id)


def results(world: World) -> list[dict[str, Any]]:
    found = world.client("dynamodb").scan(TableName=f"{world.name}-results")["Items"]
    return [{name: next(iter(value.values())) for name, value in item.items()} for item in found]


def told(world: World) -> list[str]:
    """What people are told in the end."""
    with world.function("message_processor") as processor:
        world.mapping(processor).drain()
    return [item["message"] for item in world.ntfy.ledger()["notifications"]]
