"""The scripts that the image recipe runs inside a build."""

from __future__ import annotations

import importlib.util
import marshal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.program import ROOT

RECIPE = ROOT / "images"


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(RECIPE / script), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def bytecode(module: Path) -> Path:
    return Path(importlib.util.cache_from_source(str(module)))


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    package = tmp_path / "layer" / "var" / "task" / "thing"
    (package / "tests").mkdir(parents=True)
    (package / "__init__.py").write_text("def fail():\n    raise ValueError('x')\n")
    (package / "tests" / "__init__.py").write_text("")
    return tmp_path / "layer"


def test_bytecode_is_unchecked_and_frozen_in_time(layer: Path) -> None:
    ended = run("compile_bytecode.py", str(layer))
    assert ended.stdout == "compiled 1 modules\n"
    module = layer / "var" / "task" / "thing" / "__init__.py"
    assert bytecode(module).read_bytes()[4] == 1
    assert not bytecode(module.parent / "tests" / "__init__.py").exists()
    assert {path.lstat().st_mtime for path in (layer, *layer.rglob("*"))} == {0.0}


def test_two_compilations_are_the_same_to_the_byte(layer: Path) -> None:
    module = layer / "var" / "task" / "thing" / "__init__.py"
    run("compile_bytecode.py", str(layer))
    first = bytecode(module).read_bytes()
    bytecode(module).unlink()
    run("compile_bytecode.py", str(layer))
    assert bytecode(module).read_bytes() == first


def test_bytecode_names_files_by_their_place_in_the_image(layer: Path) -> None:
    run("compile_bytecode.py", str(layer))
    compiled = bytecode(layer / "var" / "task" / "thing" / "__init__.py").read_bytes()
    code = marshal.loads(compiled[16:])  # noqa: S302  compiled two lines above
    assert code.co_filename == "/var/task/thing/__init__.py"


def test_a_syntax_error_ends_the_build(layer: Path) -> None:
    (layer / "bad.py").write_text("def broken(:\n")
    ended = run("compile_bytecode.py", str(layer))
    assert ended.returncode != 0
    assert "bad.py" in ended.stderr


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment's folders, as uv leaves them."""
    packages = tmp_path / "venv" / "lib" / "python3.13" / "site-packages"
    for name in ("function_kit", "message_kit", "some_function", "some_function_two"):
        (packages / name / "__pycache__").mkdir(parents=True)
        (packages / name / "__init__.py").write_text("")
        (packages / name / "__pycache__" / "x.pyc").write_text("")
        (packages / f"{name}-0.1.0.dist-info").mkdir()
        (packages / f"{name}-0.1.0.dist-info" / "METADATA").write_text("Name: x")
        (packages / f"{name}-0.1.0.dist-info" / "RECORD").write_text("differs")
        (packages / f"{name}-0.1.0.dist-info" / "direct_url.json").write_text("{}")
    (packages / "_virtualenv.pth").write_text("import _virtualenv")
    (packages / "only_stubs").mkdir()
    (packages / "only_stubs" / "x.pyi").write_text("")
    (packages / "only_stubs" / "include").mkdir()
    (packages / "only_stubs" / "include" / "x.h").write_text("")
    return tmp_path / "venv"


def names(tree: Path) -> set[str]:
    return {str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file()}


def test_code_is_split_into_the_kit_s_layer_and_the_function_s(
    environment: Path, tmp_path: Path
) -> None:
    ended = run("collect_code.py", str(environment), str(tmp_path / "out"), "some-function")
    assert ended.returncode == 0, ended.stderr
    assert names(tmp_path / "out" / "kit") == {
        "var/task/function_kit/__init__.py",
        "opt/metadata/function_kit-0.1.0.dist-info/METADATA",
    }
    assert names(tmp_path / "out" / "function") == {
        "var/task/lambda_function.py",
        "var/task/message_kit/__init__.py",
        "var/task/some_function/__init__.py",
        "opt/metadata/message_kit-0.1.0.dist-info/METADATA",
        "opt/metadata/some_function-0.1.0.dist-info/METADATA",
    }
    entry = (tmp_path / "out" / "function" / "var" / "task" / "lambda_function.py").read_text()
    assert "from some_function.handler import handler" in entry


def test_dependencies_are_copied_without_what_differs_between_installs(
    environment: Path, tmp_path: Path
) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.lambda-image]\naws = {}\n")
    ended = run("collect_dependencies.py", str(environment), str(tmp_path / "layer"), str(project))
    assert ended.returncode == 0, ended.stderr
    found = names(tmp_path / "layer" / "opt")
    assert {
        "python/function_kit/__init__.py",
        "metadata/function_kit-0.1.0.dist-info/METADATA",
    } <= found
    assert "note:" not in ended.stdout
    assert not (tmp_path / "layer" / "opt" / "python" / "only_stubs").exists()
    assert not any(name.endswith(("RECORD", "direct_url.json", ".pth", ".pyc")) for name in found)


def test_neighbours_that_an_engine_may_order_in_two_ways_are_told(
    environment: Path, tmp_path: Path
) -> None:
    neighbour = environment / "lib/python3.13/site-packages/function_kit-data"
    neighbour.mkdir()
    (neighbour / "some.bin").write_text("")
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.lambda-image]\naws = {}\n")
    ended = run("collect_dependencies.py", str(environment), str(tmp_path / "layer"), str(project))
    assert "may depend on the engine's order, at opt/python/function_kit\n" in ended.stdout


def test_a_package_with_libraries_beside_it_is_no_such_neighbour(
    environment: Path, tmp_path: Path
) -> None:
    libraries = environment / "lib/python3.13/site-packages/function_kit.libs"
    libraries.mkdir()
    (libraries / "some.so").write_text("library")
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.lambda-image]\naws = {}\n")
    ended = run("collect_dependencies.py", str(environment), str(tmp_path / "layer"), str(project))
    assert ended.returncode == 0, ended.stderr
    assert "note:" not in ended.stdout
    package = tmp_path / "layer" / "opt" / "python" / "function_kit"
    assert (package / "__init__.py").is_file()
    # As the loader asks: from the package, not from where its name is written.
    found = subprocess.run(
        ["cat", f"{package}/../function_kit.libs/some.so"], check=True, capture_output=True
    )
    assert found.stdout == b"library"


def test_an_image_that_names_no_services_badly_ends_the_build(
    environment: Path, tmp_path: Path
) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text("[tool.lambda-image]\naws = 'everything'\n")
    ended = run("collect_dependencies.py", str(environment), str(tmp_path / "layer"), str(project))
    assert ended.returncode == 1
    assert "trim_botocore" in ended.stderr


def test_what_a_function_never_loads_is_left_out(environment: Path, tmp_path: Path) -> None:
    package = environment / "lib/python3.13/site-packages/function_kit"
    (package / "tests").mkdir()
    (package / "tests" / "test_it.py").write_text("")
    (package / "libcloud.so.1").write_text("")
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[tool.lambda-image]\naws = {}\nleave-out = ["function_kit/tests", "function_kit/*.so.*"]\n'
    )
    ended = run("collect_dependencies.py", str(environment), str(tmp_path / "layer"), str(project))
    assert ended.returncode == 0, ended.stderr
    assert names(tmp_path / "layer" / "opt" / "python" / "function_kit") == {"__init__.py"}


def test_a_pattern_that_matches_nothing_ends_the_build(environment: Path, tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text('[tool.lambda-image]\naws = {}\nleave-out = ["function_kit/gone*"]\n')
    ended = run("collect_dependencies.py", str(environment), str(tmp_path / "layer"), str(project))
    assert ended.returncode == 1
    assert "nothing matches function_kit/gone*" in ended.stderr
