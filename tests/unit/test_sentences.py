"""Every sentence that reaches page, tray or a message is a row of the table of messages.

The sources are read: whatever in them looks like a sentence has to be a row, so that none can be
changed, or added, in one place only. What only commands, logs or machines see is listed here.
"""

import ast
import os
import re

import pytest

import watcher
from watcher.i18n.words import FRENCH, SENTENCES

ROOT = os.path.dirname(watcher.__file__)
#: Where sentences are made that people see in page, tray or messages.
SOURCES = (
    "answers", "documents", "doctor", "folders", "follow_up", "hrflow", "patterns", "pipeline",
    "rules", "setup", "sniff", "states", "config", "credentials", "page", "journal",
    "app/editing", "app/examine", "app/login_service", "app/wire", "app/workspace", "app/disk",
    "app/sample", "updates/trial", "service/runner", "service/files", "service/scheduler",
)  # fmt: skip
#: Modules in them whose texts are for machines, for a file, or for the terminal alone.
NOT_SHOWN = {
    "doctor/bundle.py": "the archive for support",
    "doctor/scrubbing.py": "lists of words",
    "journal/follow_ups.py": "SQL", "journal/holds.py": "SQL", "journal/migrations.py": "SQL",
    "journal/queues.py": "SQL", "journal/reader.py": "SQL",
    "journal/retention.py": "SQL", "journal/rows.py": "SQL",
    "page/browser.py": "markup", "page/texts.py": "keys, see test_words",
    "page/client.py": "the commands' end",
    "config/edit_text.py": "TOML", "config/show.py": "a command's output",
    "pipeline/hooking.py": "said in the terminal and the log", "pipeline/sources.py": "likewise",
    "pipeline/tidying.py": "likewise", "pipeline/by_hand.py": "likewise",
}  # fmt: skip
#: Texts that are no sentences for people in these places, each with why.
OTHER = {
    # What HrFlow says, and is recognised by.
    "unable to find", "invalid source", "could not find a source", "secret key",
    # SQL, TOML, HTTP, names of formats, of systems, of limits, of a place
    "f.id = ?", "f.id IN ({})", "/Library/Application Support/hrflow-watcher", "may not read: ",
    "\" or '", "key = {}", "multipart/form-data; boundary={}", "Invalid value", "inotify ",
    "camera=(), geolocation=(), microphone=()", "429 Too Many Requests", "PowerPoint Document",
    "task scheduler", "current user", "Current User",
    # Causes, reasons for a look, an error that is told by its kind: not shown
    "refused before", "new directory", "the answer takes too long",
    # A programming error
    "File {} cannot go from {} to {}.",
    # Remarks in the configuration's file
    "One HrFlow workspace.", 'A watched folder; "~" and $VARIABLES may be used.',
    "Sent with every file of this folder.", '# source "{}"',
    'What becomes of a file that has arrived: "keep", "move" (to Sent) or "trash".',
    # Said by commands alone, or in the log
    "{} is {}, which may refuse its uploads; put it back to use there, or choose another source.",
    ("{} is in HrFlow's test environment, so what is uploaded there is not among your real"
    " candidates; choose another source unless you are testing."),
    "The program does not start: {}.", "The program does not start.",
    "The program goes on running.", "Somebody has started it in another way: end it there.",
    "See why with: hrflow-watcher service logs.", "See why with: {}", "it gave no reason",
    "The activity page and commands cannot be used ({}); uploads go on.",
    "{} cannot be removed ({}).",
    "{} cannot be read ({}).", "built-in default", "the only account",
    ("The API key of account {} may not read, so what becomes of its uploads is not known here;"
     " they go on all the same. A key that may read and write tells it."),
    "not a directory", "its directories come and go",
    # Parts of rows, or put together from them: see test_phrases
    " of {}", "{} of {}", " of ", " and ", " or ", " --account {}", "it ", " seconds",
    " is not there yet; it is watched as soon as it is", "{}; import says it", " (0: no limit)",
    " (0: nothing is asked)", "{} is not within {} to {}{}", "{} is not within 0 to 1",
    "{} is not within 1 to 65535", "{} is not within 1 to {} seconds",
    "write [accounts.NAME] tables", "The journal {}", "{} cannot be used ({}).",
    "{} is damaged ({}).",
    # Commands, which stand in a row
    "journalctl --user -u {}", "hrflow-watcher service logs", "hrflow-watcher service start",
    "hrflow-watcher run",
    # Labels, see test_words
    "API key{}", "Command for {} files",
    # The note beside a refused file
    "{} was not uploaded to HrFlow: {}.{}", "it {}",
}  # fmt: skip
#: What is called with these is SQL, an expression, a path, or for the log.
NO_SENTENCES = (
    "_log.",
    "logger.",
    "re.",
    "os.",
    "self.read",
    "self.write",
    "self.all",
    "AssertionError",
)
#: Rows that no text stands for as a whole: put together, or taken apart, from others.
COMPOSED = {
    "was there before its folder was watched and waits for your yes; import says it",
    "The journal {} cannot be used ({}).", "The journal cannot be used ({}).",
    "The journal {} is damaged ({}).", "The journal is damaged ({}).",
    'This workspace has no source "{}".', "{} is not within {} to {}",
    "{} is not within {} to {} seconds", "{} is not within {} to {} (0: no limit)",
    "{} is not within {} to {} (0: nothing is asked)", "{} does not exist",
    "{} cannot be reached ({})", "{} is not a folder",
    "{} has become a link, and links are not followed",
    "Put the folder back or give the link's target in the configuration.",
    "Give this user the right to list and open it.", "on a network file system ({})",
    "on a local file system ({})", "comes from the system's keyring",
    "comes from the system's keyring and does not look like one of HrFlow's",
    "it is installed ({}) and does not run: {}", "it ended with exit code {} ({})",
}  # fmt: skip
_SLOT = re.compile(r"\{+[^{}]*\}+")


def template(node):
    """A text as it stands in the source, its places as ``{}``; a hint at its end is another row."""
    if isinstance(node, ast.Constant):
        return _SLOT.sub("{}", node.value) if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = list(node.values)
    if isinstance(parts[-1], ast.FormattedValue) and "hint" in ast.unparse(parts[-1]).lower():
        parts.pop()
    text = "".join(each.value if isinstance(each, ast.Constant) else "{x}" for each in parts)
    return _SLOT.sub("{}", text)


def texts(node):
    """All texts below a node, but for docstrings, what is logged, and expressions."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if name.startswith(NO_SENTENCES) or name.endswith((".execute", ".executescript")):
            return
    if (found := template(node)) is not None:
        yield found, node.lineno
        values = node.values if isinstance(node, ast.JoinedStr) else ()
        for each in values:
            if isinstance(each, ast.FormattedValue):
                yield from texts(each.value)
        return
    for child in ast.iter_child_nodes(node):
        yield from texts(child)


def is_sentence(text):
    """Words with blanks between, and not markup, SQL or the like."""
    words = _SLOT.sub("", text)
    plain = not re.search(r"[\n<\\]|^[A-Z]{6,} |'self'|charset|filename=", text)
    return plain and bool(re.search(r"[a-z]{2,} |[a-zA-Z)] [a-z]{2,}| [a-z]{2,}", words))


def modules():
    for part in SOURCES:
        path = os.path.join(ROOT, part)
        if os.path.isfile(f"{path}.py"):
            yield f"{part}.py"
        for folder, _, names in os.walk(path):
            for name in sorted(names):
                below = os.path.relpath(os.path.join(folder, name), ROOT).replace(os.sep, "/")
                if name.endswith(".py") and below not in NOT_SHOWN:
                    yield below


def is_row(text):
    """Whether it is a row, or what follows one, or what follows a name and a colon."""
    return bool({text, f"{{}}{text}", text.removeprefix("{}: ")} & (ROWS | OTHER))


def read(path):
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read())


def sentences(module):
    tree = read(os.path.join(ROOT, module))
    return {text: line for text, line in texts(tree) if is_sentence(text)}


def everything():
    """All texts of the program, but for the table itself."""
    for folder, _, names in os.walk(ROOT):
        for name in names:
            if name.endswith(".py") and not name.startswith("words"):
                for text, _ in texts(read(os.path.join(folder, name))):
                    yield from (text, f"{{}}{text}", text.removeprefix("{}: "))


ROWS = {_SLOT.sub("{}", key) for key in FRENCH}


@pytest.mark.parametrize("module", sorted(modules()))
def test_every_sentence_is_a_row(module):
    missing = {text: line for text, line in sentences(module).items() if not is_row(text)}
    assert not missing, "neither in the table of messages nor among what is not shown"


def test_nothing_is_listed_that_is_not_there():
    assert {text for module in modules() for text in sentences(module)} >= OTHER


def test_no_row_is_for_nothing():
    rows = {_SLOT.sub("{}", key) for key in SENTENCES}
    assert rows - set(everything()) == COMPOSED
