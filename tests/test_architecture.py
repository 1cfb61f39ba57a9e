"""The arrows of the house, read from the imports: each room stands above what it uses."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("cnnlib", "data", "tui")

# cnnlib, ground floor first. A room imports from the floors below it and from itself, no more;
# what is imported for type checkers alone does not count.
FLOORS: tuple[set[str], ...] = (
    {"errors"},
    {"arrays", "literals", "html"},
    {"text"},
    {"domain", "plain"},
    {"kernels", "initializers", "metrics", "events", "warping"},
    {"fields", "console"},
    {
        "layers",
        "losses",
        "optimizers",
        "schedules",
        "augmentations",
        "averaging",
        "stopping",
        "scaling",
    },
    {"parameters"},
    {"plan"},
    {"model"},
    {"architectures", "checking"},
    {"ranks", "work", "evaluation"},
    {"replica"},
    {"team", "progress"},
    {"rank_main", "trainer", "markdown"},
    {"report"},
    {"runs", "explain"},
    {"figures", "interop"},
    {"history", "webpage"},
    {"fitting"},
    {"sklearn"},
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


class Import(NamedTuple):
    """One imported module, where it is imported and whether inside a function."""

    path: Path
    line: int
    module: str
    in_function: bool

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.module}"


@cache
def imports_of(path: Path, root: Path = ROOT) -> tuple[Import, ...]:
    """Every import of a file, absolute; ``from a import b`` counts as a and as a.b."""
    package = path.relative_to(root).with_suffix("").parts[:-1]

    def walk(node: ast.AST, in_function: bool) -> Iterator[Import]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            in_function = True
        if isinstance(node, ast.Import):
            for name in node.names:
                yield Import(path, node.lineno, name.name, in_function)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            base += (node.module or "").split(".") if node.module else []
            yield Import(path, node.lineno, ".".join(base), in_function)
            for name in node.names:
                yield Import(path, node.lineno, ".".join([*base, name.name]), in_function)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, in_function)

    return tuple(walk(parsed(path), False))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found, f"no source in {folders}"
    return found


def top(module: str) -> str:
    return module.split(".", 1)[0]


def room(module: str) -> str | None:
    """The room of cnnlib that a module name or a path below it belongs to."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "cnnlib" else None


@pytest.mark.parametrize(
    ("package", "may_use"),
    [("cnnlib", {"cnnlib"}), ("data", {"data"}), ("tui", {"cnnlib", "data", "tui"})],
)
def test_arrows_between_the_packages_point_one_way(package: str, may_use: set[str]) -> None:
    wrong = [
        str(found)
        for path in sources(package)
        for found in imports_of(path)
        if top(found.module) in PACKAGES and top(found.module) not in may_use
    ]
    assert not wrong, "\n".join(wrong)


def test_every_room_of_the_library_has_a_floor() -> None:
    rooms = {
        path.relative_to(ROOT / "cnnlib").parts[0].removesuffix(".py") for path in sources("cnnlib")
    }
    assert rooms - {"__init__"} <= FLOOR_OF.keys(), "say in FLOORS where a new room stands"


def test_rooms_of_the_library_use_only_the_floors_below_them() -> None:
    wrong = []
    for path in sources("cnnlib"):
        home = path.relative_to(ROOT / "cnnlib").parts[0].removesuffix(".py")
        if home == "__init__":
            continue
        for found in imports_of(path):
            used = room(found.module)
            # ``from cnnlib import x``: x is a room, or a name of cnnlib/__init__ and then no room
            if used is None or used == home or used not in FLOOR_OF:
                continue
            if FLOOR_OF[used] >= FLOOR_OF[home] and not _only_for_types(found):
                wrong.append(str(found))
    assert not wrong, "\n".join(wrong)


def test_rooms_of_the_library_never_import_the_whole_library() -> None:
    wrong = [
        str(found)
        for path in sources("cnnlib")
        if path != ROOT / "cnnlib" / "__init__.py"
        for found in imports_of(path)
        if found.module.startswith("cnnlib.") and room(found.module) not in FLOOR_OF
    ]
    assert not wrong, "\n".join(wrong)


def test_the_library_needs_numpy_and_safetensors_alone() -> None:
    at_import = {"numpy", "safetensors", "cnnlib"}
    inside_functions = at_import | {
        "pandas",
        "matplotlib",
        "mpi4py",
        "PIL",
        "rich",
        "threadpoolctl",
        "tomli_w",
        "onnx",
    }
    counterparts = {"sklearn": {"sklearn", "joblib"}}  # a room that nobody imports unasked
    wrong = [
        str(found)
        for path in sources("cnnlib")
        for found in imports_of(path)
        if top(found.module) not in sys.stdlib_module_names | {"__future__"}
        and top(found.module) not in (inside_functions if found.in_function else at_import)
        and top(found.module)
        not in counterparts.get(path.relative_to(ROOT / "cnnlib").parts[0].removesuffix(".py"), ())
        and not _only_for_types(found)
    ]
    assert not wrong, "\n".join(wrong)


def _only_for_types(found: Import) -> bool:
    """Whether an import stands under ``if TYPE_CHECKING``."""
    return found.line in _lines_for_types(found.path)


@cache
def _lines_for_types(path: Path) -> set[int]:
    return {
        getattr(inner, "lineno", 0)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }


def test_plotext_is_known_to_one_module() -> None:
    users = {
        found.path.relative_to(ROOT).as_posix()
        for path in sources(*PACKAGES)
        for found in imports_of(path)
        if top(found.module) == "plotext"
    }
    assert users == {"tui/render/raster.py"}


def test_matplotlib_is_imported_only_to_draw() -> None:
    wrong = [
        str(found)
        for path in sources(*PACKAGES)
        for found in imports_of(path)
        if top(found.module) == "matplotlib"
        and not found.in_function
        and not _only_for_types(found)
    ]
    assert not wrong, "\n".join(wrong)


def test_what_runs_without_a_terminal_never_imports_textual() -> None:
    rooms = ("cli", "settings", "drafting", "experiment", "sweep", "logs", "reports", "inspection")
    modules = ("keys/commands", *(f"terminal/{name}" for name in ("abilities", "guard", "signals")))
    headless = [
        *sources(*(f"tui/{name}" for name in rooms)),
        *(ROOT / "tui" / f"{name}.py" for name in modules),
    ]
    wrong = [
        str(found)
        for path in headless
        for found in imports_of(path)
        if top(found.module) == "textual"
    ]
    assert not wrong, "\n".join(wrong)


# The application, ground floor first, read like FLOORS above.
APPLICATION_FLOORS: tuple[set[str], ...] = (
    {"keys", "terminal", "following", "images", "mistakes"},
    {"settings"},
    {"experiment", "drafting"},
    {"inspection", "reports", "sweep"},
    {"logs", "render"},
    {"session"},
    {"widgets"},
    {"screens"},
    {"panes"},
    {"app"},
    {"cli"},
    {"__main__"},
)


def test_rooms_of_the_application_use_only_the_floors_below_them() -> None:
    floor_of = {name: floor for floor, names in enumerate(APPLICATION_FLOORS) for name in names}
    rooms = {
        path: path.relative_to(ROOT / "tui").parts[0].removesuffix(".py") for path in sources("tui")
    }
    assert set(rooms.values()) - {"__init__"} == floor_of.keys()
    wrong = [
        str(found)
        for path, home in rooms.items()
        for found in imports_of(path)
        if found.module.startswith("tui.") and home != "__init__"
        for used in [found.module.split(".")[1]]
        if used != home and floor_of[used] >= floor_of[home] and not _only_for_types(found)
    ]
    assert not wrong, "\n".join(wrong)


# The room of sweeps, ground floor first, read like FLOORS above.
SWEEP_FLOORS = (
    {"space"},
    {"search", "applying", "journal"},
    {"plan", "results"},
    {"trials", "study", "view"},
    {"worker", "following", "looking", "ordering", "asking"},
    {"crew"},
    {"driver"},
)


def test_the_modules_of_a_sweep_stand_on_those_below_them() -> None:
    floor_of = {name: floor for floor, names in enumerate(SWEEP_FLOORS) for name in names}
    modules = {path.stem: path for path in sources("tui/sweep") if path.stem != "__init__"}
    assert modules.keys() == floor_of.keys()
    wrong = [
        str(found)
        for name, path in modules.items()
        for found in imports_of(path)
        if found.module.startswith("tui.sweep.") and not _only_for_types(found)
        if floor_of[found.module.split(".")[2]] >= floor_of[name]
    ]
    assert not wrong, "\n".join(wrong)


def test_optuna_and_dask_are_known_to_few_and_loaded_only_to_search() -> None:
    users = {
        (found.path.relative_to(ROOT).as_posix(), top(found.module))
        for path in sources(*PACKAGES)
        for found in imports_of(path)
        if top(found.module) in ("optuna", "distributed", "dask")
        if not _only_for_types(found)
        if found.in_function or pytest.fail(f"{found} at import")
    }
    assert users == {
        ("tui/sweep/search.py", "optuna"),
        ("tui/sweep/study.py", "optuna"),
        ("tui/sweep/study.py", "distributed"),
        ("tui/sweep/crew.py", "distributed"),
    }


def test_the_reader_of_imports_sees_every_form(tmp_path: Path) -> None:
    package = tmp_path / "tui" / "panes"
    package.mkdir(parents=True)
    source = package / "example.py"
    source.write_text(
        "import a.b\nfrom c import d\nfrom . import e\nfrom ..render import f\n"
        "def g():\n    import h\nclass I:\n    async def j(self):\n        from k import l\n"
    )
    seen = {(found.module, found.in_function) for found in imports_of(source, tmp_path)}
    assert seen == {
        ("a.b", False),
        ("c", False),
        ("c.d", False),
        ("tui.panes", False),
        ("tui.panes.e", False),
        ("tui.render", False),
        ("tui.render.f", False),
        ("h", True),
        ("k", True),
        ("k.l", True),
    }
