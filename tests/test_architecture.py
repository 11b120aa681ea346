"""The table of layers as an allow-list, and a few habits; both over the whole package.

A module's row is that of its package: ``watcher.journal.store`` is of ``journal``. All imports
count, those inside functions and those for the type checker too.
"""

import ast
import functools
import graphlib
import os
import re
import sys
from dataclasses import dataclass

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PACKAGE = "watcher"

#: What a pure module may use of the standard library: nothing that sees the world outside.
HARMLESS = frozenset({
    "__future__", "base64", "bisect", "calendar", "codecs", "collections", "contextlib", "csv",
    "datetime", "difflib", "email", "enum", "errno", "fnmatch", "functools", "hashlib", "heapq", "html", "io",
    "gettext", "itertools", "json", "math", "operator", "posixpath", "re", "statistics", "string", "struct",
    "textwrap", "types", "typing", "unicodedata", "urllib", "zipfile", "zlib",
})  # fmt: skip
#: What the flow may use beside it: it tells what it does, and takes turns.
FLOW_ALSO = frozenset({"logging", "queue"})
#: What every value is made of: a class of ``dataclasses`` takes forty times as long to make, and
#: there are hundreds of them at each start.
VALUES = "msgspec"
#: Parts of harmless libraries that are not.
HARMFUL = frozenset({"urllib.request"})
#: Modules of the standard library with an owner, as if they were third-party.
OWNED = frozenset({"sqlite3", "tomllib"})

PURE, STORE, EDGE, FLOW, APART = "pure", "store", "edge", "flow", "apart"
#: Effects that several edges need, on the standard library alone.
SYSTEM = "system"
#: What puts the parts together, what shows and examines the program, and the commands.
DAEMON, SHELL, COMMANDS = "daemon", "shell", "commands"


@dataclass(frozen=True)
class Row:
    kind: str
    #: Libraries with an owner that this package may import.
    libraries: frozenset = frozenset()


def row(kind, *libraries):
    return Row(kind, frozenset(libraries))


#: Package → its layer, and the libraries whose effect it owns.
TABLE = {
    "model": row(PURE),
    "i18n": row(PURE),
    "routing": row(PURE),
    "sniff": row(PURE, "filetype", "olefile", "pypdf"),
    "present": row(PURE),
    "system": row(SYSTEM),
    "journal": row(STORE, "sqlite3"),
    "folders": row(EDGE, "watchdog"),
    "documents": row(EDGE, "send2trash", "olefile", "PIL", "pillow_heif"),
    "hrflow": row(EDGE, "requests", "urllib3", "truststore"),
    "credentials": row(EDGE, "keyring", "secretstorage"),  # whether the service is locked
    "config": row(EDGE, "tomllib", "tomlkit", "platformdirs"),
    "ledger": row(EDGE, "psycopg"),
    "service": row(EDGE),  # programs of the system, and the files that tell it what to start
    "desktop": row(EDGE, "pystray", "PIL", "Xlib", "jeepney", "AppKit", "PyObjCTools"),
    "pipeline": row(FLOW),
    "daemon": row(DAEMON, "filelock", "platformdirs", "waitress"),
    "page": row(SHELL, "bottle", "waitress"),
    "doctor": row(SHELL),
    "cli": row(COMMANDS, "click", "rich", "platformdirs"),
    "__main__": row(COMMANDS),
    "sandbox": row(APART, "multipart", "pypdf"),
}
#: Modules of other packages that are pure, and may be imported as such.
ALSO_PURE = {
    "config.tags": "tags as people type them",
    "hrflow.answers": "what an answer means",
    "hrflow.rate_limiter": "how fast one account may be used",
    "pipeline.settle": "when a file is complete",
    "pipeline.follow_up": "when to ask what became of an upload",
}
#: How a language is told, where its texts are read from, and what a person calls the command.
EXCEPT = {"i18n.languages": row(EDGE), "i18n.command": row(EDGE)}

#: Edges that the flow calls itself, as nothing ever stands in for them.
FLOW_CALLS = frozenset({"documents"})

#: Which kinds of module each kind may import; its own package it may always.
MAY_IMPORT = {
    PURE: {PURE},
    SYSTEM: {PURE},
    STORE: {PURE},
    EDGE: {PURE, SYSTEM},
    FLOW: {PURE, STORE},
    DAEMON: {PURE, SYSTEM, STORE, EDGE, FLOW, DAEMON, APART},
    SHELL: {PURE, SYSTEM, STORE, EDGE, FLOW, DAEMON, SHELL, APART},
    COMMANDS: {PURE, SYSTEM, STORE, EDGE, FLOW, DAEMON, SHELL, COMMANDS, APART},
    APART: set(),
}


# --- Reading the package ----------------------------------------------------------------------


def python_files(folder):
    for at, _, names in sorted(os.walk(os.path.join(ROOT, folder))):
        for name in sorted(names):
            if name.endswith(".py"):
                yield os.path.relpath(os.path.join(at, name), ROOT)


@functools.cache
def parse(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return ast.parse(file.read(), path)


def module_name(path):
    return path.removesuffix(".py").replace(os.sep, ".").removesuffix(".__init__")


def row_name(module):
    """The table's name for a module: ``watcher.journal.store`` is of ``journal``."""
    return module.split(".")[1]


def row_of(module):
    below = module.removeprefix(f"{PACKAGE}.")
    mine = TABLE[row_name(module)]
    if below in ALSO_PURE:
        return Row(PURE, mine.libraries)
    return EXCEPT.get(below, mine)


SOURCES = {module_name(path): path for path in python_files(PACKAGE)}
MODULES = sorted(name for name in SOURCES if name != PACKAGE)


def imported_name(argument):
    """What a call imports: its text, or the package a formatted text begins with."""
    if isinstance(argument, ast.JoinedStr) and isinstance(argument.values[0], ast.Constant):
        return str(argument.values[0].value).rpartition(".")[0] or "?"
    return str(getattr(argument, "value", "?"))


def imports(module):
    """Everything ``module`` imports, as (line, full name); ours down to the module."""
    path = SOURCES[module]
    package = module if path.endswith("__init__.py") else module.rpartition(".")[0]
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            start = ".".join([*base, node.module or ""]).strip(".") if node.level else node.module
            for alias in node.names:
                full = f"{start}.{alias.name}"
                yield node.lineno, full if full in SOURCES else start
        elif isinstance(node, ast.Call) and name_of(node.func) in ("import_module", "__import__"):
            yield from ((node.lineno, imported_name(each)) for each in node.args[:1])


def name_of(node):
    """The last part of a name: ``sleep`` of ``time.sleep``, "" where there is none."""
    return getattr(node, "attr", getattr(node, "id", ""))


def imported_names(node):
    """The modules that an absolute import names, and those that its names may be."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


# --- Layers -----------------------------------------------------------------------------------


def complaint(module, name):
    """Why ``module`` may not import ``name``; "" if it may."""
    mine = row_of(module)
    top = name.split(".")[0]
    if top == PACKAGE:
        return our_complaint(module, name)
    if top == "dataclasses":
        return f"values are made with {VALUES}"
    if top in sys.stdlib_module_names - OWNED:
        allowed = {PURE: HARMLESS, FLOW: HARMLESS | FLOW_ALSO}.get(mine.kind, {top})
        if top not in allowed or (mine.kind in (PURE, FLOW) and name in HARMFUL):
            return f"a {mine.kind} module must not see the world outside"
        return ""
    if top not in mine.libraries | {VALUES}:
        owners = [owner for owner, its in TABLE.items() if top in its.libraries]
        return f"only {' and '.join(owners)} may" if owners else "the table knows no such library"
    return ""


def our_complaint(module, name):
    if name == PACKAGE or row_name(module) == row_name(name):  # the version; its own package
        return ""
    mine, its = row_of(module), row_of(name)
    if its.kind in MAY_IMPORT[mine.kind]:
        return ""
    if mine.kind == FLOW and row_name(name) in FLOW_CALLS:
        return ""
    return f"{mine.kind} module {module} may not know {its.kind} module {name}"


def test_every_module_has_a_row():
    missing = [name for name in MODULES if row_name(name) not in TABLE]
    assert not missing, (
        f"{', '.join(missing)}: in no row; add it to TABLE in tests/test_architecture.py, and to "
        "the table of CONTRIBUTING.md, with what it may import"
    )


def test_a_module_imports_only_what_its_row_allows():
    wrong = [
        f"{SOURCES[module]}:{line} imports {name}: {why}"
        for module in MODULES
        if row_name(module) in TABLE
        for line, name in imports(module)
        if (why := complaint(module, name))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_imports_itself_by_a_detour():
    graph = {m: {name for _, name in imports(m) if name in SOURCES} - {m} for m in SOURCES}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail("import cycle: " + " → ".join(reversed(error.args[1])))


def test_the_table_finds_what_it_is_there_for():
    """Imports that must not pass; were they allowed, the tests above would prove nothing."""
    wrong = [
        ("watcher.routing.rules", "os"),  # pure, and looks at the file system
        ("watcher.model.lifecycle", "time"),  # pure, and reads the clock
        ("watcher.pipeline.loop", "watcher.folders.scans"),  # folders post to it
        ("watcher.folders.scans", "watcher.journal.reader"),  # edge to edge
        ("watcher.documents.filing", "sqlite3"),  # another's library
        ("watcher.sandbox.server", "watcher.model.files"),  # the stand-in knows nothing of ours
        ("watcher.daemon.core", "pydantic"),  # in no row
        ("watcher.hrflow.answers", "urllib.request"),  # the harmful part of a harmless library
    ]
    assert [pair for pair in wrong if not complaint(*pair)] == []
    right = [
        ("watcher.journal.store", "sqlite3"),
        ("watcher.sniff.compounds", "olefile"),
        ("watcher.sandbox.server", "watcher"),
        ("watcher.cli.run", "watcher.daemon.core"),
        ("watcher.pipeline.intake", "watcher.documents"),
    ]
    assert [pair for pair in right if complaint(*pair)] == []


def test_a_package_lists_its_modules():
    """The table in a package's docstring, where there is one, has a line for each module."""
    for package, path in SOURCES.items():
        table = (ast.get_docstring(parse(path)) or "").partition("\n::\n")[2]
        if not (table and path.endswith("__init__.py")):
            continue
        lines = re.findall(r"^    (\w+(?:, \w+)*)  +\S", table, re.MULTILINE)
        listed = {name for line in lines for name in line.split(", ")} - {"__main__"}
        found = {
            name.removeprefix(f"{package}.") for name in SOURCES if name.startswith(f"{package}.")
        }
        assert listed == found - {"__main__"}, f"in the docstring of {path}"


# --- Habits -----------------------------------------------------------------------------------

EVERYTHING = {"", "Exception", "BaseException"}
CONTAINERS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
MAKERS = {"list", "dict", "set", "bytearray", "defaultdict", "deque", "OrderedDict", "Counter"}


def says_nothing(body):
    return all(
        isinstance(node, ast.Pass | ast.Continue)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in body
    )


def swallows_everything(node):
    """``except Exception: pass`` and ``suppress(Exception)``, however they are spelled."""
    if isinstance(node, ast.ExceptHandler):
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        return says_nothing(node.body) and any(name_of(one) in EVERYTHING for one in caught)
    if isinstance(node, ast.Call) and name_of(node.func) == "suppress":
        return any(name_of(argument) in EVERYTHING for argument in node.args)
    return False


def shared_state(tree):
    """Containers that any importer could change: made at module level and not ``Final``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield node.lineno, "global " + ", ".join(node.names)
    for node in tree.body:
        value = getattr(node, "value", None)
        made = isinstance(value, CONTAINERS) or (
            isinstance(value, ast.Call) and name_of(value.func) in MAKERS
        )
        if made and isinstance(node, ast.Assign | ast.AnnAssign) and not is_constant(node):
            yield node.lineno, ast.unparse(node)[:60]


def is_constant(node):
    """Whether it is ``__all__``, or called like a constant and declared ``Final``."""
    if isinstance(node, ast.Assign):
        return [name_of(target) for target in node.targets] == ["__all__"]
    annotation = getattr(node.annotation, "value", node.annotation)
    final = name_of(node.annotation) == "Final" or name_of(annotation) == "Final"
    return final and name_of(node.target).isupper()


def sleeps(tree):
    """Calls of ``sleep`` that are not the pause of a loop that waits for a condition."""
    waiting = {
        id(n) for loop in ast.walk(tree) if isinstance(loop, ast.While) for n in ast.walk(loop)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node.func) == "sleep" and id(node) not in waiting:
            yield node.lineno


def test_no_error_disappears():
    silent = [
        f"{path}:{node.lineno}"
        for path in [*python_files(PACKAGE), *python_files("installers")]
        for node in ast.walk(parse(path))
        if swallows_everything(node)
    ]
    assert not silent, f"every error would vanish here: {', '.join(silent)}"


def test_no_module_keeps_state():
    found = [
        f"{path}:{line}: {what}"
        for path in SOURCES.values()
        for line, what in shared_state(parse(path))
    ]
    assert not found, "\n".join(["use a tuple, MappingProxyType or NAME: Final:", *found])


def test_tests_wait_for_conditions():
    found = [f"{path}:{line}" for path in python_files("tests") for line in sleeps(parse(path))]
    assert not found, f"a fixed sleep is too short on a slow machine: {', '.join(found)}"


def test_no_test_module_imports_another():
    """What several of them use stands in tests/support, and fixtures in a conftest."""
    found = [
        f"{path}:{node.lineno} imports {name}"
        for path in python_files("tests")
        for node in ast.walk(parse(path))
        for name in imported_names(node)
        if name.startswith("tests.") and name.split(".")[-1].startswith(("test_", "conftest"))
    ]
    assert not found, "\n".join(["move what is shared to tests/support:", *found])


def test_the_habits_are_found():
    swallowing = [
        "try: f()\nexcept: pass",
        "try: f()\nexcept (OSError, Exception): ...",
        "with contextlib.suppress(Exception): f()",
    ]
    assert all(any(map(swallows_everything, ast.walk(ast.parse(c)))) for c in swallowing)
    narrow = "try: f()\nexcept OSError: pass\ntry: f()\nexcept Exception: log()"
    assert not any(map(swallows_everything, ast.walk(ast.parse(narrow))))
    for code in ("a = []", "A = {}", "a: Final = []", "A: dict = dict()", "def f():\n global a"):
        assert list(shared_state(ast.parse(code))), code
    for code in ("A: Final = {}", "A: Final[set[int]] = {1}", "A = (1,)", "__all__ = ['a']"):
        assert not list(shared_state(ast.parse(code))), code
    for code in ("from tests.unit.test_report import a", "from tests.unit import test_report"):
        assert "tests.unit.test_report" in imported_names(ast.parse(code).body[0])
    assert list(sleeps(ast.parse("time.sleep(1)"))) == [1]
    assert list(sleeps(ast.parse("while not done(): sleep(1)"))) == []
