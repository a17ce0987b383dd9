"""Runs inside an image: how long fresh processes take from start to ready.

A process is ready when the Lambda runtime client asks for its first event. The runtime
API that it asks is served here, in the same container, so neither Docker nor a network
is in the figures. Prints one JSON line: lists of `wall_ms`, `cpu_ms` and `rss_kb`.

    python3 probe.py REPEATS HANDLER
"""

import json
import os
import signal
import socket
import sys
import time


def ready(listener: socket.socket, handler: str) -> tuple[float, float, int]:
    """Start one process and wait for its first request; then end it."""
    environment = os.environ | {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{listener.getsockname()[1]}",
        "AWS_LAMBDA_FUNCTION_NAME": "probe",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "_HANDLER": handler,
    }
    command = [sys.executable, "-m", "awslambdaric", handler]
    began = time.perf_counter()
    pid = os.posix_spawn(sys.executable, command, environment)
    connection, _ = listener.accept()
    request = connection.recv(65536).split(b"\r\n", 1)[0].decode()
    wall = (time.perf_counter() - began) * 1000
    os.kill(pid, signal.SIGKILL)
    _, _, usage = os.wait4(pid, 0)
    connection.close()
    if "/invocation/next" not in request:
        raise SystemExit(f"the function failed to initialise: {request}")
    return wall, (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss


def main(repeats: int, handler: str) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    ready(listener, handler)
    walls, cpus, sizes = zip(*(ready(listener, handler) for _ in range(repeats)), strict=True)
    print(json.dumps({"wall_ms": walls, "cpu_ms": cpus, "rss_kb": sizes}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
