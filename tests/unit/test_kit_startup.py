"""What prepares a fast start, each in a fresh interpreter as on Lambda."""

from __future__ import annotations

import json
import marshal
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import function_kit
import pytest
from function_kit import frames

from tests.kit.program import ROOT
from tests.kit.scripted import serving

KIT = str(Path(function_kit.__file__).parents[1])


def python(code: str, *paths: object, on_lambda: bool = True) -> Any:
    """Run code in a fresh interpreter; gives what it prints as JSON."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (*paths, KIT)))}
    environment.pop("AWS_LAMBDA_RUNTIME_API", None)
    if on_lambda:
        environment["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:9"
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_off_lambda_nothing_is_touched() -> None:
    assert python(
        """
        import gc, json, logging, sys
        finders = len(sys.meta_path)
        import function_kit
        from function_kit import startup
        startup.finish()
        added = len(sys.meta_path) - finders
        print(json.dumps([gc.isenabled(), gc.get_freeze_count(), added, logging.logAsyncioTasks]))
        """,
        on_lambda=False,
    ) == [True, 0, 0, True]


def test_on_lambda_the_collector_waits_until_init_is_over() -> None:
    during, after, frozen = python(
        """
        import gc, json
        import function_kit
        from function_kit import startup
        during = gc.isenabled()
        startup.finish()
        print(json.dumps([during, gc.isenabled(), gc.get_freeze_count()]))
        """
    )
    assert (during, after) == (False, True)
    assert frozen > 1000


def test_what_functions_import_leaves_asyncio_out() -> None:
    pending, loaded = python(
        """
        import json, logging, sys
        import function_kit.handler, function_kit.http, function_kit.http_api, function_kit.aws
        import httpx
        httpx.Client(trust_env=False).close()
        logging.getLogger("x").error("a record")
        from function_kit import deferral
        pending = [name for name in ("asyncio", "anyio") if deferral.is_pending(name)]
        print(json.dumps([pending, "asyncio.base_events" in sys.modules]))
        """
    )
    assert pending == ["asyncio", "anyio"]
    assert not loaded


DEFERRED = """
    import json, sys
    from function_kit import deferral
    deferral.install(frozenset({"colours"}))
"""


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    package = tmp_path / "colours"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import sys\nsys.runs = getattr(sys, 'runs', 0) + 1\nRED = 'r'\nfrom colours import dark\n"
    )
    (package / "dark.py").write_text(
        "import sys\nsys.darks = getattr(sys, 'darks', 0) + 1\nGREY = 'g'\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("import colours; import colours", 0),
        ("import colours; colours.RED; colours.RED", 1),
        ("from colours import RED", 1),
        ("import colours; from colours import dark", 1),
        ("import colours; import colours.dark; colours.dark.GREY", 1),
        ("import colours.dark", 1),
        ("import colours; hasattr(colours, 'BLUE')", 1),
    ],
)
def test_a_deferred_module_runs_once_and_only_when_it_is_used(
    colours: Path, use: str, expected: int
) -> None:
    code = f"{DEFERRED}\n    {use}\n    print(json.dumps(getattr(sys, 'runs', 0)))"
    assert python(code, colours) == expected


def test_a_submodule_of_a_deferred_module_runs_once(colours: Path) -> None:
    code = f"""{DEFERRED}
    import colours
    import colours.dark
    same = sys.modules["colours.dark"] is colours.dark
    spec = colours.dark.__spec__
    print(json.dumps([sys.darks, same, colours.dark.GREY, spec.name, type(spec.loader).__name__]))
    """
    assert python(code, colours) == [1, True, "g", "colours.dark", "SourceFileLoader"]


def test_a_deferred_module_becomes_an_ordinary_one(colours: Path) -> None:
    code = f"""{DEFERRED}
    import colours, importlib, types
    before = deferral.is_pending("colours")
    colours.RED
    try:
        colours.BLUE
    except AttributeError as error:
        message = str(error)
    importlib.reload(colours)
    print(json.dumps([before, deferral.is_pending("colours"), type(colours) is types.ModuleType,
                      message, sys.runs]))
    """
    message = "module 'colours' has no attribute 'BLUE'"
    assert python(code, colours) == [True, False, True, message, 2]


def test_a_deferred_module_is_run_once_by_many_threads(colours: Path) -> None:
    (colours / "colours" / "__init__.py").write_text(
        "import sys, threading\nsys.runs = getattr(sys, 'runs', 0) + 1\n"
        "threading.Event().wait(0.05)\nRED = 'r'\n"
    )
    code = f"""{DEFERRED}
    import colours, threading
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(colours.RED)) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    print(json.dumps([sys.runs, seen]))
    """
    assert python(code, colours) == [1, ["r"] * 8]


def test_a_deferred_module_that_is_not_there_is_missed_at_once() -> None:
    code = f"""{DEFERRED}
    try:
        import colours
    except ModuleNotFoundError as error:
        print(json.dumps(error.name))
    """
    assert python(code) == "colours"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A folder of installed packages, as in an image, with its bundle."""
    for name in ("awslambdaric", "structlog", "pydantic_settings"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"NAME = {name!r}\n")
    (tmp_path / "structlog" / "data.txt").write_text("data")
    (tmp_path / "structlog" / "inner.py").write_text(
        "from dataclasses import dataclass\n\n@dataclass(frozen=True)\nclass Point:\n"
        "    x: int\n    y: int = 2\n"
    )
    (tmp_path / "pydantic_settings" / "__init__.py").write_text(
        "import structlog.inner, colorsys\n"
    )
    compiled = [sys.executable, str(ROOT / "images" / "compile_bytecode.py"), str(tmp_path)]
    subprocess.run(compiled, check=True, capture_output=True)
    assert bundle(tmp_path).returncode == 0
    return tmp_path


def bundle(packages: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "images" / "bundle_modules.py"), str(packages)],
        capture_output=True,
        text=True,
        check=False,
    )


START = """
    import json, sys
    import awslambdaric
    import function_kit
"""


def test_modules_come_out_of_the_bundle(packages: Path) -> None:
    # The source says something else by now: only bytecode from the bundle can know the name.
    for path in packages.rglob("__pycache__/*"):
        path.unlink()
    (packages / "structlog" / "__init__.py").write_text("NAME = 'read from its source'\n")
    code = f"""{START}
    import structlog, colorsys, importlib.resources, inspect, structlog.inner
    print(json.dumps([
        structlog.NAME, structlog.__file__, structlog.__path__, structlog.__spec__.name,
        importlib.resources.files(structlog).joinpath("data.txt").read_text(),
        type(colorsys.__loader__).__module__, colorsys.rgb_to_hsv(0, 0, 1),
        inspect.getsource(structlog.inner)[:12],
    ]))
    """
    folder = packages / "structlog"
    assert python(code, packages) == [
        "structlog",
        str(folder / "__init__.py"),
        [str(folder)],
        "structlog",
        "data",
        "function_kit.bundle",
        [2 / 3, 1.0, 1],
        "from datacla",
    ]


def test_data_classes_out_of_the_bundle_are_as_ever(packages: Path) -> None:
    code = f"""{START}
    import dataclasses
    shadowed = "exec" in vars(dataclasses)
    from structlog.inner import Point
    from function_kit import startup
    startup.finish()
    try:
        Point(1).x = 5
    except dataclasses.FrozenInstanceError as error:
        refused = str(error)
    print(json.dumps([shadowed, "exec" in vars(dataclasses), repr(Point(1)),
                      Point(1) == Point(1, 2), hash(Point(1)) == hash(Point(1)), refused]))
    """
    shadowed, still, shown, equal, hashed, refused = python(code, packages)
    assert (shadowed, still) == (True, False)
    assert (shown, equal, hashed) == ("Point(x=1, y=2)", True, True)
    assert refused == "cannot assign to field 'x'"


def test_a_bundle_works_where_it_was_moved_to(packages: Path, tmp_path_factory: Any) -> None:
    moved = tmp_path_factory.mktemp("opt") / "python"
    packages.rename(moved)
    code = f"{START}\n    import structlog\n    print(json.dumps(structlog.__file__))"
    assert python(code, moved) == str(moved / "structlog" / "__init__.py")


@pytest.mark.parametrize("content", [b"", b"FKB1", b"something else entirely"])
def test_what_is_no_bundle_is_passed_over(packages: Path, content: bytes) -> None:
    (packages / "modules.bundle").write_bytes(content)
    code = f"""{START}
    import structlog
    print(json.dumps([structlog.NAME, type(structlog.__loader__).__module__]))
    """
    assert python(code, packages)[0] == "structlog"
    assert python(code, packages)[1] != "function_kit.bundle"


def test_a_bundle_of_another_interpreter_is_passed_over(packages: Path) -> None:
    index = marshal.dumps(("3.13.99 (other)", {"structlog": (0, 0, False, "x", False)}, {}), 2)
    header = b"FKB1" + len(index).to_bytes(8, "little")
    (packages / "modules.bundle").write_bytes(header + index)
    code = f"{START}\n    import structlog\n    print(json.dumps(structlog.NAME))"
    assert python(code, packages) == "structlog"


def test_the_same_packages_give_the_same_bundle(packages: Path) -> None:
    first = (packages / "modules.bundle").read_bytes()
    assert bundle(packages).returncode == 0
    assert (packages / "modules.bundle").read_bytes() == first
    assert (packages / "modules.bundle").stat().st_mtime == 0
    assert packages.stat().st_mtime == 0


def test_a_module_without_bytecode_ends_the_build(packages: Path) -> None:
    for path in (packages / "structlog" / "__pycache__").iterdir():
        path.unlink()
    ended = bundle(packages)
    assert ended.returncode == 1
    assert "structlog is not compiled" in ended.stderr


def test_bytecode_of_another_python_ends_the_build(packages: Path) -> None:
    for path in (packages / "structlog" / "__pycache__").glob("__init__*"):
        path.write_bytes(b"\x00\x01\x02\x03" + path.read_bytes()[4:])
    # The interpreter would compile such a module anew, and so never says a word.
    ended = bundle(packages)
    assert ended.returncode == 1
    assert "compiled by another Python" in ended.stderr


def test_packages_that_cannot_be_imported_end_the_build(packages: Path) -> None:
    (packages / "pydantic_settings" / "__init__.py").write_text("import no_such_module\n")
    for path in (packages / "pydantic_settings" / "__pycache__").iterdir():
        path.unlink()
    ended = bundle(packages)
    assert ended.returncode == 1
    assert "no_such_module" in ended.stderr


def test_a_roomy_function_is_the_same_function() -> None:
    @frames.roomy
    def divide(a: float, /, *, by: float = 2.0) -> float:
        """A quotient."""
        return a / by

    assert (divide(4.0), divide(4.0, by=4.0)) == (2.0, 1.0)
    assert (divide.__name__, divide.__doc__) == ("divide", "A quotient.")
    with pytest.raises(ZeroDivisionError):
        divide(1.0, by=0.0)


def test_a_roomy_function_may_call_itself() -> None:
    @frames.roomy
    def count(n: int) -> int:
        return n and 1 + count(n - 1)

    assert count(50) == 50


def test_the_first_request_imports_nothing_any_more() -> None:
    with serving() as server:
        code = f"""
            import json, os, sys
            os.environ.update(
                ENVIRONMENT="local", DOWNLOAD_BUCKET="downloads", AWS_REGION="us-east-1",
                AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x",
                AWS_ENDPOINT_URL="{server.url.replace("127.0.0.1", "localhost")}")
            import awslambdaric.bootstrap
            from generate_presigned_url.handler import handler
            class Context: aws_request_id = function_name = function_version = "1"
            before = set(sys.modules)
            stdout, sys.stdout = sys.stdout, sys.stderr
            status = handler({{"key": "a"}}, Context)["statusCode"]
            handler({{"key": ""}}, Context)
            sys.stdout = stdout
            print(json.dumps([status, sorted(set(sys.modules) - before)]))
        """
        assert python(code) == [200, []]
