"""What is done with a message `web_action`: the action, its answer kept, and people told."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from function_kit.aws_errors import AwsError
from function_kit.deadline import Deadline
from message_kit.message import Draft, MessageType, Status
from message_kit.work import TryFailedError
from pydantic import TypeAdapter, ValidationError

from web_action.catalogue import ActionError, Arguments, Http, Weather
from web_action.fetch import FetchError
from web_action.origins import RefusedUrlError
from web_action.results import cut
from web_action.signing import SigningError

if TYPE_CHECKING:
    from message_kit.claims import Claimed
    from message_kit.message import Message
    from message_kit.outbound import Answer
    from message_kit.outbox import Outbox
    from message_kit.work import Invocation

    from web_action.catalogue import Outcome
    from web_action.fetch import Ask, Fetcher
    from web_action.origins import Origin
    from web_action.results import Results
    from web_action.settings import WebActionSettings
    from web_action.signing import Signing

_ARGUMENTS: Final[TypeAdapter[Http | Weather]] = TypeAdapter(Arguments)
_SHOWN: Final = 1500  # bytes of an answer in a notification
_UNAUTHORIZED: Final = 401
_NOT_AGAIN: Final = "not tried again: it is no GET, and an earlier try may have been done"


@dataclass(frozen=True, slots=True)
class Doing:
    """What does it.

    Attributes:
        settings: Of the function.
        fetcher: Sends requests.
        signing: Signs in.
        results: Keeps answers.
        outbox: Sends messages.
    """

    settings: WebActionSettings
    fetcher: Fetcher
    signing: Signing
    results: Results
    outbox: Outbox

    def do(self, claimed: Claimed, invocation: Invocation) -> str:
        """Do what a message asks for; returns a note for people.

        Raises:
            TryFailedError: That failed.
        """
        message = claimed.message
        unsettled = claimed.unsettled_since is not None
        try:
            action = _action(message)
            if unsettled and not action.repeatable and not _asked_again(message):
                raise TryFailedError(_not_again(message), settled=False)
            outcome = self._run(action, message, invocation)
            return self._told(message, outcome)
        except (ActionError, RefusedUrlError, SigningError) as error:
            raise TryFailedError(str(error), settled=not unsettled) from None
        except FetchError as error:
            settled = not error.sent and not unsettled
            raise TryFailedError(str(error), settled=settled) from None
        except AwsError as error:
            raise TryFailedError(f"its answer was not kept: {error}", settled=False) from None

    def _run(self, action: Http | Weather, message: Message, invocation: Invocation) -> Outcome:
        weather = self.settings.weather_origin
        mine = self.settings.http_origins if isinstance(action, Http) else frozenset({weather})
        seconds = min(self.settings.action_seconds, invocation.ends_at - time.time())
        deadline = Deadline.after(seconds)

        def send(ask: Ask) -> Answer:
            return self._send(ask, message, mine, deadline)

        return action.run(send, weather)

    def _send(
        self, ask: Ask, message: Message, origins: frozenset[Origin], deadline: Deadline
    ) -> Answer:
        """Send, signed in; once more with the secret read anew where it is not accepted."""
        config = message.auth_config
        signing = self.signing.headers(config, origins, deadline)
        try:
            return self.fetcher.fetch(replace(ask, signing=signing), origins, deadline)
        except FetchError as error:
            if error.status != _UNAUTHORIZED or config is None or config.type == "none":
                raise
        # Refused before anything was done, so that a POST may be sent too.
        self.signing.forget(config)
        signing = self.signing.headers(config, origins, deadline)
        return self.fetcher.fetch(replace(ask, signing=signing), origins, deadline)

    def _told(self, message: Message, outcome: Outcome) -> str:
        """Keep the answer, and tell people, once for each try."""
        kept = self.results.keep(message, outcome)
        shown, complete = cut(outcome.text, _SHOWN)
        text = shown if complete and outcome.complete else f"{shown} …"
        title = f"{outcome.url.origin.host} answered {outcome.status}"
        draft = Draft.notice(
            text if text.strip() else "(an empty answer)",
            title=title,
            created_by=f"web_action:{message.id}",
            result_id=kept,
        )
        unique = f"{message.id.rpartition('_')[2]}r{message.retry_count}"
        # Of its request's moment: the same when the try is repeated, and of this day or so, so
        # that it stands among the newest and is counted.
        notice = draft.message(message.stage, message.asked, unique)
        self.outbox.send(notice)
        return f"answered {outcome.status}, kept as {kept}, told by {notice.id}"


def _not_again(message: Message) -> str:
    """Why a POST is not sent again, after the reason for which the try before failed."""
    before = (message.error_message or "").removesuffix(_NOT_AGAIN)
    return f"{before.removesuffix('; ')}; {_NOT_AGAIN}" if before else _NOT_AGAIN


def _asked_again(message: Message) -> bool:
    """Whether this is the first try since a person has sent the message again."""
    way = [moment.status for moment in message.timeline]
    asked = [step for step, status in enumerate(way) if status is Status.CREATED]
    # A request is good for one try: those that the queue repeats by itself have none.
    return len(asked) > 1 and way[asked[-1] :].count(Status.PROCESSING) == 1


def _action(message: Message) -> Http | Weather:
    """The action that a message asks for.

    Raises:
        ActionError: It asks for none.
    """
    if message.message_type is not MessageType.WEB_ACTION:
        raise ActionError(f"a message {message.message_type} came to the queue of web actions")
    try:
        return _ARGUMENTS.validate_python(message.arguments or {})
    except ValidationError as error:
        raise ActionError(_faults(error.errors(include_input=False, include_url=False))) from None


def _faults(found: list[Any]) -> str:
    """What is wrong, by field; nothing of the values."""
    return "; ".join(
        f"arguments.{'.'.join(map(str, item['loc'][1:])) or 'action'}: {item['msg']}"
        if item["type"] not in {"union_tag_invalid", "union_tag_not_found"}
        else "arguments.action must be http or weather"
        for item in found
    )
