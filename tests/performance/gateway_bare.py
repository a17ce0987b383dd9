"""boto3 alone, in threads: what the gateway's overhead is measured against."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

import boto3
from botocore.config import Config

from tests.performance.gateway_callers import BAD, GOOD
from tests.performance.gateway_figures import Figures

WARM = 1.0  # seconds that are not counted, as for the others


def bare(endpoint: str, threads: int, seconds: float, rate: float) -> dict[str, object]:
    """Invoke in as many threads.

    Args:
        endpoint: Lambda's.
        threads: How many.
        seconds: That are counted.
        rate: Requests a second of all threads together; 0 is as many as are answered.
    """
    client = boto3.client(
        "lambda", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test",
        aws_secret_access_key="test", config=Config(max_pool_connections=threads),
    )  # fmt: skip
    interval = threads / rate if rate else 0.0
    # Threads are made first, which takes a while: all of them begin at the same time.
    told: Future[Figures] = Future()

    def repeat(number: int) -> None:
        figures = told.result()
        due = figures.begins - WARM + interval * number / threads
        while (now := time.perf_counter()) < figures.ends:
            if due > now:
                time.sleep(due - now)
            asked = time.perf_counter()
            answer = client.invoke(FunctionName="waddlebot-echo", Payload=b'{"a": 1}')
            good = answer["Payload"].read() == b'{"a": 1}'
            figures.add(asked, time.perf_counter(), GOOD if good else BAD)
            due = max(due + interval, time.perf_counter()) if interval else 0.0

    with ThreadPoolExecutor(threads) as pool:
        done = [pool.submit(repeat, number) for number in range(threads)]
        begins = time.perf_counter() + WARM
        figures = Figures(begins, begins + seconds)
        told.set_result(figures)
        _sleep_until(begins)
        figures.start()
        _sleep_until(figures.ends)
        figures.stop()
        for one in done:
            one.result()
    return figures.shown()


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.perf_counter()))
