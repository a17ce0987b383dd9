"""One soak: traffic, faults and deliveries side by side, then the closing of the books."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from fleet.commands.options import Workplace
from fleet.release.told import ALIAS

from tests.kit.flood import LATENCY, TROUBLES
from tests.kit.program import fleet
from tests.soak import traces
from tests.soak.alarms import Alarms, judge
from tests.soak.deliveries import Deliveries, prepare
from tests.soak.faults import Faults, schedule
from tests.soak.lake import Days, Gold, Questions
from tests.soak.ledger import Trace, balance, row
from tests.soak.traffic import Clock, Digests, Invocations, Messages, Traffic, Treatments

VISIBILITY = "20"  # seconds, so that nobody waits half an hour for what a killed function had
LONG = "60"  # of the lake, whose functions take longer over a day
SETTLE = 240.0  # seconds after which the queues must be empty
ROUNDS = 6  # of the redrive
POISON = {"containing": Messages.poison, "behaviour": {"kind": "error", "status": 400}}


class Soak:
    """See the module."""

    def __init__(self, place: Workplace, stack: str, seed: int, minutes: float) -> None:
        self.place, self.stack, self.seed = place, stack, seed
        self.seconds = minutes * 60
        self.trouble: list[str] = []
        outputs = place.terraform.outputs()
        self.queues: dict[str, Any] = outputs["messages"]["queues"]
        lake = outputs["hoopstat"]
        self.lake = [
            {"url": layer["queue_url"], "dead_letters_url": layer["dead_letters_url"]}
            for layer in (lake, *lake["layers"].values())
        ]
        self.gold = Gold(place)

    def run(self) -> dict[str, Any]:
        """Everything; returns the report."""
        events = schedule(self.seed, self.seconds)
        print(f"seed {self.seed}; {len(events)} faults to come:", *events, sep="\n  ", flush=True)
        images, broken = prepare(self.place)
        with self._client() as client, self._visible_soon():
            self._ntfy(fixed=False)
            senders = self._senders(client)
            faults, alarms = Faults(self.place, self.seed), Alarms(self.place)
            deliveries = Deliveries(self.place, self.stack, images, broken)
            self._together(senders, faults, events, deliveries, alarms)
            print("the traffic is over; what is under way comes to its end", flush=True)
            deliveries.settled()
            report = self._books(senders, alarms)
        return report | {
            "seed": self.seed,
            "minutes": self.seconds / 60,
            "commit": self.place.project.commit(),
            "faults": {"happened": dict(faults.happened), "impossible": faults.impossible},
            "deliveries": {
                "outcomes": dict(deliveries.outcomes), "problems": deliveries.problems
            },
            "trouble": self.trouble,
        }  # fmt: skip

    def _senders(self, client: dict[str, Any]) -> list[Traffic]:
        kinds: list[type[Traffic]] = [Treatments, Messages, Clock, Digests, Days, Questions]
        made = [kind(self.place, self.seed) for kind in kinds]
        return [*made, Invocations(self.place, self.seed, client)]

    def _together(
        self,
        senders: list[Traffic],
        faults: Faults,
        events: list[Any],
        deliveries: Deliveries,
        alarms: Alarms,
    ) -> None:
        stop, quiet = threading.Event(), threading.Event()
        began = time.monotonic()
        threads = [
            *(self._thread(s.run, stop, n) for s in senders for n in range(s.senders)),
            self._thread(faults.run, events, began, stop),
            self._thread(deliveries.run, self.seconds, stop),
            watching := self._thread(alarms.run, quiet),
        ]
        try:
            while (passed := time.monotonic() - began) < self.seconds:
                sent = sum(sender.account.tries for sender in senders)
                print(f"{passed / 60:6.1f} min  {sent:,} sent", flush=True)
                time.sleep(min(60, self.seconds - passed))
            stop.set()
            for thread in threads:
                if thread is not watching:
                    thread.join()
            self._sweep()
            self._settle()
            alarms.look()
        finally:
            stop.set()
            quiet.set()
            watching.join()

    def _thread(self, work: Callable[..., None], *arguments: Any) -> threading.Thread:
        def safely() -> None:
            try:
                work(*arguments)
            except Exception as error:  # noqa: BLE001 - a sender that ends is told, not lost
                self.trouble.append(f"{work.__qualname__} ended: {type(error).__name__} {error}")

        thread = threading.Thread(target=safely)
        thread.start()
        return thread

    @contextmanager
    def _client(self) -> Iterator[dict[str, Any]]:
        prefix = self.place.environment.function_name("sync-clock")
        name = f"soak-{secrets.token_hex(4)}"  # the same seed may be soaked in again
        ended = fleet("gateway", "client", "add", name, "--prefix", prefix, "--json",
                      FLEET_STACK=self.stack)  # fmt: skip
        if ended.code:
            raise RuntimeError(f"the gateway's client was not made: {ended.err}")
        yield json.loads(ended.out)
        fleet("gateway", "client", "revoke", name, FLEET_STACK=self.stack)

    @contextmanager
    def _visible_soon(self) -> Iterator[None]:
        sqs, before = self.place.environment.client("sqs"), {}
        for queue in self._all_queues():
            names = ["VisibilityTimeout"]
            found = sqs.get_queue_attributes(QueueUrl=queue["url"], AttributeNames=names)
            before[queue["url"]] = found["Attributes"]
            short = {"VisibilityTimeout": LONG if queue in self.lake else VISIBILITY}
            sqs.set_queue_attributes(QueueUrl=queue["url"], Attributes=short)
        try:
            yield
        finally:
            for url, attributes in before.items():
                sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)

    def _all_queues(self) -> list[dict[str, str]]:
        return [*self.queues.values(), *self.lake]

    def _ntfy(self, *, fixed: bool) -> None:
        """Slow, failing and lying all the time; poison is refused until it is fixed."""
        assert self.place.environment.instance is not None
        url = f"http://127.0.0.1:{self.place.environment.instance.ntfy_port}/__control"
        rules = [] if fixed else [POISON, *TROUBLES]
        script = {"rules": rules, "latency": LATENCY, "seed": self.seed}
        httpx.put(url, json=script).raise_for_status()

    def _sweep(self) -> None:
        """What the schedule does each minute: publish what was stored and not published."""
        answer = self.place.control("message-scheduler").invoke(ALIAS, {"sweep": True})
        if answer.function_error:
            self.trouble.append(f"the sweep failed: {answer.payload}")

    def _settle(self) -> None:
        """Wait until no queue has anything left."""
        sqs, until = self.place.environment.client("sqs"), time.monotonic() + SETTLE
        names = [f"ApproximateNumberOfMessages{state}" for state in ("", "Delayed", "NotVisible")]
        while time.monotonic() < until:
            left = 0
            for queue in self._all_queues():
                found = sqs.get_queue_attributes(QueueUrl=queue["url"], AttributeNames=names)
                left += sum(map(int, found["Attributes"].values()))
            if not left:
                return
            time.sleep(1)
        self.trouble.append(f"{left} records are left in queues after {SETTLE:.0f} s")

    def _bring_home(self) -> None:
        """After the fix: what killed processors or ntfy left in the dead letters goes back.

        More than once, for a claim of a killed processor holds until its lease is over.
        """
        for _ in range(ROUNDS):
            self._redrive()
            self._sweep()
            self._settle()
            left = traces.unfinished(self.place, self.seed)
            if not left:
                return
            time.sleep(int(VISIBILITY))
        self.trouble += [f"{name} is still {status}" for name, status in sorted(left.items())]

    def _redrive(self) -> None:
        for queue in self._all_queues():
            name = queue["dead_letters_url"].rpartition("/")[2]
            ended = fleet("dlq", "redrive", name, "--rate", "50", "--json", FLEET_STACK=self.stack)
            if ended.code:
                self.trouble.append(f"redrive of {name}: {ended.said[-200:]}")

    def _books(self, senders: list[Traffic], alarms: Alarms) -> dict[str, Any]:
        before = traces.notifications(self.place, self.seed)
        poisoned = traces.poisoned(self.place, self.seed, Messages.poison)
        early = [f"{name} is poison, and was notified" for name in sorted(poisoned & before.keys())]
        self.trouble += early
        depths = dict(alarms.depths)
        self._ntfy(fixed=True)
        self._bring_home()
        # Of two of one message people see one: ntfy forgot the first when it was mended.
        notified: Counter[str] = before | traces.notifications(self.place, self.seed)
        asked = next(set(s.account.answers) for s in senders if isinstance(s, Days))
        found: dict[str, list[Trace]] = {
            "days": self.gold.days(asked),
            "treatments": traces.treatments(self.place, self.seed),
            "messages": traces.messages(self.place, self.seed, notified),
            "invocations": traces.audited(self.place, self.seed),
        }
        problems, rows = [], []
        self.trouble += self.gold.untrue()
        for sender in senders:
            left = found.get(sender.system, [])
            mine = balance(sender.account, left)
            problems += mine
            rows.append(row(sender.account, left, mine))
        self._check_digests()
        return {
            "books": rows,
            "unbalanced": [vars(problem) for problem in problems],
            "alarms": self._alarms(alarms, bool(poisoned)) | {"depths": depths},
        }

    def _check_digests(self) -> None:
        twice = [repo for repo, count in traces.digests(self.place).items() if count != 1]
        self.trouble += [f"{repo} did not get its digest exactly once" for repo in twice]

    def _alarms(self, alarms: Alarms, poisoned: bool) -> dict[str, Any]:
        errors = alarms.errors()
        dead = self.queues["messages"]["dead_letters_url"].rpartition("/")[2]
        full = {
            name
            for name, alarm in alarms.queues.items()
            if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
            and any(d["Value"] == dead for d in alarm["Dimensions"])
        }
        failing = {
            name
            for name, alarm in alarms.functions.items()
            if any(errors.get(d["Value"]) for d in alarm["Dimensions"])
        }
        problems = judge(alarms.fired, full if poisoned else set(), full | failing)
        return {"fired": sorted(alarms.fired), "problems": problems, "errors": errors}
