"""The API's documentation, made of the models that it works with; only asked for by `describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from function_kit.openapi import Answer, Operation
from message_kit.schedule import Schedule

from message_webapi import answers, requests
from message_webapi.routes import ROUTER

if TYPE_CHECKING:
    from pydantic import BaseModel

_MESSAGES: Final = "Messages"
_SCHEDULES: Final = "Schedules"
_PAGE: Final = "Page"
_EXAMPLE: Final[dict[str, Any]] = {
    "message_type": "notify",
    "payload": {"message": "The backup is done.", "title": "Backup", "priority": 3},
    "created_by": "nightly",
}


def _failure(description: str) -> Answer:
    return Answer(description, answers.Failure)


def _answers(
    status: int, description: str, model: type[BaseModel], **more: str
) -> dict[int, Answer]:
    """A success, and what can go wrong: `_404="…"` and so on; that AWS is away always can."""
    found = {status: Answer(description, model)}
    found |= {int(name[1:]): _failure(text) for name, text in more.items()}
    found[500] = _failure("It failed on the server's side.")
    found[503] = _failure("AWS is busy or away; `Retry-After` says when to ask again.")
    return found


_BAD: Final = "Something of the request is wrong; `fields` says what."
_NO_MESSAGE: Final = "There is no such message."
_NO_SCHEDULE: Final = "There is no such schedule."

_MESSAGE_OPERATIONS: Final = (
    Operation(
        route="GET /api/health",
        id="getHealth",
        summary="Whether the API runs, and for which stage",
        tag=_MESSAGES,
        answers={200: Answer("It runs.", answers.Health)},
        public=True,
    ),
    Operation(
        route="GET /api/messages",
        id="listMessages",
        summary="Messages, newest first",
        description="A cursor is good for the list that it came from, and for no other.",
        tag=_MESSAGES,
        query=requests.ListQuery,
        answers=_answers(200, "A page.", answers.MessageList, _400=_BAD),
    ),
    Operation(
        route="POST /api/messages",
        id="sendMessage",
        summary="Send a message",
        description=(
            "When this answers, the message is stored and will be worked on. It has no memory: "
            "the same request twice sends two messages."
        ),
        tag=_MESSAGES,
        body=requests.NewMessage,
        examples={"notification": _EXAMPLE},
        answers=_answers(201, "The message.", answers.ShownMessage, _400=_BAD),
    ),
    Operation(
        route="GET /api/messages/{id}",
        id="getMessage",
        summary="One message with its timeline",
        tag=_MESSAGES,
        path=requests.MessagePath,
        answers=_answers(200, "The message.", answers.ShownMessage, _404=_NO_MESSAGE),
    ),
    Operation(
        route="POST /api/messages/{id}/retry",
        id="retryMessage",
        summary="Send a failed message once more",
        tag=_MESSAGES,
        path=requests.MessagePath,
        answers=_answers(
            200,
            "The message, on its way again.",
            answers.ShownMessage,
            _404=_NO_MESSAGE,
            _409="It has not failed.",
        ),
    ),
    Operation(
        route="GET /api/metrics",
        id="getMetrics",
        summary="How many messages there are",
        description=(
            "Counted once a minute at most, by the first who asks. Messages that expired are "
            "counted for up to two days more."
        ),
        tag=_MESSAGES,
        answers=_answers(200, "The counts.", answers.Metrics),
    ),
    Operation(
        route="GET /api/metrics/hourly",
        id="getHourlyMetrics",
        summary="How many messages were created in each of the last 24 hours",
        tag=_MESSAGES,
        answers=_answers(200, "The counts.", answers.Hourly),
    ),
)

_SCHEDULE_OPERATIONS: Final = (
    Operation(
        route="GET /api/schedules",
        id="listSchedules",
        summary="Schedules that make messages",
        tag=_SCHEDULES,
        answers=_answers(200, "All of them, by name.", answers.ScheduleList),
    ),
    Operation(
        route="POST /api/schedules",
        id="createSchedule",
        summary="Make a schedule",
        description="The same schedule once more is no error, and changes nothing.",
        tag=_SCHEDULES,
        body=Schedule,
        examples={
            "daily": {
                "name": "daily-news",
                "expression": "cron(0 9 * * ? *)",
                "timezone": "Europe/Berlin",
                "message": _EXAMPLE,
            }
        },
        answers=_answers(
            201,
            "The schedule.",
            answers.ShownSchedule,
            _400=_BAD,
            _409="There is another schedule of this name.",
        ),
    ),
    *(
        Operation(
            route=f"POST /api/schedules/{{name}}/{verb}",
            id=f"{verb}Schedule",
            summary=summary,
            tag=_SCHEDULES,
            path=requests.SchedulePath,
            answers=_answers(
                200, "The schedule.", answers.ShownSchedule, _400=_BAD, _404=_NO_SCHEDULE
            ),
        )
        for verb, summary in (
            ("pause", "Keep a schedule from making messages"),
            ("resume", "Let a paused schedule go on"),
        )
    ),
    Operation(
        route="POST /api/schedules/{name}/run",
        id="runSchedule",
        summary="Make a schedule's message now",
        description="Also of one that is paused. It is one message more, and changes no schedule.",
        tag=_SCHEDULES,
        path=requests.SchedulePath,
        answers=_answers(201, "The message.", answers.ShownMessage, _400=_BAD, _404=_NO_SCHEDULE),
    ),
    Operation(
        route="DELETE /api/schedules/{name}",
        id="deleteSchedule",
        summary="Delete a schedule",
        description="The messages that it has made stay.",
        tag=_SCHEDULES,
        path=requests.SchedulePath,
        answers=_answers(200, "It is gone.", answers.Deleted, _400=_BAD, _404=_NO_SCHEDULE),
    ),
)

_PAGE_OPERATIONS: Final = (
    Operation(
        route="GET /",
        id="getPage",
        summary="The page for people",
        description="It holds no data: what it shows comes from this API, as whoever signs in.",
        tag=_PAGE,
        answers={200: Answer("The page.", content_type="text/html; charset=utf-8")},
        public=True,
    ),
    Operation(
        route="GET /assets/{name}",
        id="getAsset",
        summary="A file of the page",
        tag=_PAGE,
        answers={
            200: Answer("The file.", content_type="*/*"),
            404: _failure("There is no such file."),
        },
        public=True,
    ),
)

OPERATIONS: Final = (*_MESSAGE_OPERATIONS, *_SCHEDULE_OPERATIONS, *_PAGE_OPERATIONS)
ROUTER.require(OPERATIONS)
