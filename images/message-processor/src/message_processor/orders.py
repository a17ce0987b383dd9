"""Carrying out what a message asks for about a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from message_kit.schedule import Order
from message_kit.schedules import ScheduleExistsError, ScheduleNotFoundError
from pydantic import ValidationError

if TYPE_CHECKING:
    from message_kit.message import Message
    from message_kit.outbox import Outbox
    from message_kit.schedules import Schedules


class OrderError(ValueError):
    """What was asked for cannot be done; the message says why."""


def carry_out(message: Message, schedules: Schedules, outbox: Outbox, *, again: bool) -> str:
    """Do what a message `schedule_creation` asks for; returns a note for people.

    Doing it twice is the same as doing it once.

    Args:
        message: Its payload is an `Order`.
        schedules: Where schedules are kept.
        outbox: Sends the message of a schedule that is run at once.
        again: Whether an earlier try may have done it.

    Raises:
        OrderError: It cannot be done.
        AwsError: Scheduler could not be used.
    """
    try:
        order = Order.model_validate(message.payload)
        return _carry_out(order, message, schedules, outbox)
    except ValidationError as error:
        raise OrderError(_faults(error)) from None
    except ScheduleNotFoundError as error:
        if again and order.action == "delete":
            return f"schedule {error} is deleted"
        raise OrderError(f"there is no schedule {error}") from None
    except ScheduleExistsError as error:
        raise OrderError(f"there is another schedule {error}") from None
    except ValueError as error:
        raise OrderError(str(error)) from None


def _carry_out(order: Order, message: Message, schedules: Schedules, outbox: Outbox) -> str:
    match order.action:
        case "create":
            schedules.create(order.schedule(), token=message.id)
        case "pause":
            schedules.pause(order.name)
        case "resume":
            schedules.resume(order.name)
        case "delete":
            schedules.delete(order.name)
        case "run":
            draft = schedules.get(order.name).message
            # Named for the order, so that a second try makes the same message.
            unique = f"{message.id.rpartition('_')[2]}run"
            made = draft.message(message.stage, message.created, unique)
            outbox.send(made)
            return f"schedule {order.name} is run as {made.id}"
    return f"schedule {order.name}: {order.action} is done"


def _faults(error: ValidationError) -> str:
    """What is wrong, by field; nothing of the values."""
    found = error.errors(include_input=False, include_context=False, include_url=False)
    return "; ".join(
        f"payload.{'.'.join(map(str, item['loc'])) or 'schedule'}: {item['msg']}" for item in found
    )
