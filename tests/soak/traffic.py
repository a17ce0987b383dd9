"""Who sends what to the fleet: one class for each system, each with books of its own.

A sender behaves as real ones do: what is the same however often it is sent is sent again until it
is answered; what is not is sent once, and forgotten by its sender when no answer comes.
"""

from __future__ import annotations

import json
import random
import secrets
import threading
import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from fleet.commands.options import Workplace
from fleet.release.told import ALIAS

from tests.kit.http_api import Api
from tests.soak.ledger import Account

PATIENCE = 90.0  # seconds for which something is sent again
BAD = 20  # one thing in so many is one that must be refused


class Traffic(ABC):
    """One system's senders.

    Attributes:
        account: Its books.
        pause: Seconds between two things of a sender, on the average.
        senders: How many there are.
    """

    system: str
    pause = 1.0
    senders = 1

    def __init__(self, place: Workplace, seed: int) -> None:
        self.place = place
        self.seed = seed
        self.account = Account(self.system)
        self._lock = threading.Lock()
        self._number = 0

    @abstractmethod
    def one(self, number: int) -> None:
        """Send one thing, and note what came of it."""

    def run(self, stop: threading.Event, sender: int) -> None:
        """Send until it is over."""
        chosen = random.Random(f"{self.seed}:{self.system}:{sender}")
        while not stop.wait(chosen.expovariate(1 / self.pause)):
            with self._lock:
                self._number += 1
                number = self._number
            try:
                self.one(number)
            except (httpx.HTTPError, BotoCoreError, ClientError) as error:
                self.account.failed(type(error).__name__)

    def name(self, number: int) -> str:
        """What is found again wherever it leaves a trace."""
        return f"soak-{self.seed}-{self.system}-{number:06d}."

    def again(self, name: str, call: Any, accepted: int, *, bad: bool = False) -> None:
        """Send the same until somebody has an opinion of it."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            self.account.send(name, bad=bad)
            try:
                answer: httpx.Response = call()
            except httpx.HTTPError as error:
                self.account.failed(type(error).__name__)
            else:
                if self.judged(name, answer, accepted):
                    return
            time.sleep(1)

    def judged(self, name: str, answer: httpx.Response, accepted: int) -> bool:
        """Note an answer; whether it settles the matter."""
        if answer.status_code == accepted:
            self.account.accepted(name)
        elif answer.status_code in {400, 413, 422}:
            self.account.refused(name, str(answer.status_code))
        else:
            self.account.failed(str(answer.status_code))
            return False
        return True


class ApiTraffic(Traffic):
    """Senders of requests to an HTTP API, which Terraform's `output` names."""

    output = "api"

    def __init__(self, place: Workplace, seed: int) -> None:
        super().__init__(place, seed)
        self.api = Api(place, self.output)


class Treatments(ApiTraffic):
    """Devices that report treatments, again and again until they are told that they are stored."""

    system = "treatments"
    pause, senders = 0.5, 2

    def one(self, number: int) -> None:
        name = self.name(number)
        treatment: dict[str, Any] = {
            "timestamp": datetime.now(UTC).isoformat(),
            "device_id": f"PPU-{number % 100:04d}",
            "program": "rehab-b",
        }
        bad = number % BAD == 0
        if bad:
            treatment["timestamp"] = "yesterday"
        body = json.dumps({"patient_id": name, "treatment_data": treatment})
        self.again(name, lambda: self.api.call("POST", "/ppu/treatments", body), 200, bad=bad)


class Messages(ApiTraffic):
    """People who send a notification once; one in twenty is one that ntfy refuses."""

    system, output = "messages", "messages_api"
    pause, senders = 0.5, 2
    poison = "poison"

    def one(self, number: int) -> None:
        name = self.name(number)
        text = f"{name} {self.poison}" if number % BAD == 7 else name
        bad = number % BAD == 0
        kind = "no such type" if bad else "notify"
        payload = {"message": text, "title": "soak"}
        body = json.dumps({"message_type": kind, "payload": payload, "created_by": "soak"})
        self.account.send(name, bad=bad)
        self.judged(name, self.api.call("POST", "/api/messages", body), 201)


class Invocations(ApiTraffic):
    """A client of the invoke gateway; one in twenty asks for a function that it may not have."""

    system, output = "invocations", "invoke_gateway"
    pause, senders = 0.5, 2

    def __init__(self, place: Workplace, seed: int, client: dict[str, Any]) -> None:
        super().__init__(place, seed)
        self._client = client
        self._token, self._until = "", 0.0

    def one(self, number: int) -> None:
        name = self.name(number)
        event = self.place.project.event("sync-clock", "get_clock").event
        bad = number % BAD == 0
        function = "db-migrate" if bad else "sync-clock"
        body = {
            "function_name": self.place.environment.function_name(function),
            "payload": json.dumps(event | {"soak": name}),
            "alias": ALIAS,
        }
        token = self._signed_in()
        self.account.send(name, bad=bad)
        answer = self._ask("/api/v1/invoke", body, token)
        if answer.status_code == 200 and answer.json().get("success"):
            self.account.accepted(name)
        elif answer.status_code in {400, 403}:
            self.account.refused(name, str(answer.status_code))
        else:
            self.account.failed(str(answer.status_code))

    def _signed_in(self) -> str:
        if time.monotonic() > self._until:
            given = {key: self._client[key] for key in ("client_id", "client_secret")}
            answer = self._ask("/api/v1/token", given)
            answer.raise_for_status()
            self._token, self._until = str(answer.json()["token"]), time.monotonic() + 120
        return self._token

    def _ask(self, path: str, body: Any, token: str = "") -> httpx.Response:
        headers = {"host": self.api.host}
        headers |= {"authorization": f"Bearer {token}"} if token else {}
        return httpx.post(f"{self.api.address}{path}", headers=headers, json=body, timeout=40)


class Clock(ApiTraffic):
    """Devices that ask for the time: nothing is kept of it but that they were answered."""

    system = "clock"
    pause = 1.0

    def one(self, number: int) -> None:
        name = self.name(number)
        body = json.dumps({"device_id": f"soak-{number % 50}", "t1": time.time()})
        self.again(name, lambda: self.api.call("POST", "/clock", body), 200)


class Digests(Traffic):
    """The day's schedule, far too often: each repository must get its digest once all the same."""

    system = "digests"
    pause = 20.0

    def one(self, number: int) -> None:
        self.account.send("run")
        function = self.place.environment.function_name("scheduled-digest")
        answer = self.place.environment.client("lambda").invoke(
            FunctionName=function, Qualifier=ALIAS, Payload=b'{"frequency": "daily"}'
        )
        if "FunctionError" in answer:
            self.account.failed("FunctionError")
            return
        told = json.load(answer["Payload"])
        if told.get("succeeded", 0) + told.get("skipped", 0):
            self.account.accepted("run")


def seed() -> int:
    """Of a run that nobody gave one."""
    return secrets.randbelow(10**6)
