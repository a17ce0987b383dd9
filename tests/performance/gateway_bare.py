"""boto3 alone, in threads: what the gateway's overhead is measured against."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

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
    begins = time.perf_counter() + WARM
    figures = Figures(begins, begins + seconds)
    interval = threads / rate if rate else 0.0

    def repeat(number: int) -> None:
        due = begins - WARM + interval * number / threads
        while (now := time.perf_counter()) < begins + seconds:
            if due > now:
                time.sleep(due - now)
            asked = time.perf_counter()
            answer = client.invoke(FunctionName="waddlebot-echo", Payload=b'{"a": 1}')
            good = answer["Payload"].read() == b'{"a": 1}'
            figures.add(asked, time.perf_counter(), GOOD if good else BAD)
            due = max(due + interval, time.perf_counter()) if interval else 0.0

    with ThreadPoolExecutor(threads) as pool:
        done = [pool.submit(repeat, number) for number in range(threads)]
        time.sleep(begins - time.perf_counter())
        figures.start()
        time.sleep(begins + seconds - time.perf_counter())
        figures.stop()
        for one in done:
            one.result()
    return figures.shown()
