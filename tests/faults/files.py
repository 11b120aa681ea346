"""What becomes of files on their way, and what lies among them."""

import os
import socket
import threading

from tests.faults.trial import Scenario
from watcher.sandbox import Fault, Kind


def renamed_in_the_queue(trial):
    trial.sandbox.faults.set(Fault(kind=Kind.STATUS, status=429, retry_after="3", times=1))
    folder = trial.folder()
    trial.start(folder)
    trial.drop(folder, "a.pdf")
    trial.until(lambda: trial.has("waiting"))
    os.rename(os.path.join(folder.path, "a.pdf"), os.path.join(folder.path, "b.pdf"))


def vanished_in_the_queue(trial):
    trial.sandbox.faults.set(Fault(kind=Kind.STATUS, status=429, retry_after="3"))
    folder = trial.folder()
    trial.start(folder)
    trial.drop(folder, "a.pdf", wanted=False)
    trial.until(lambda: trial.has("waiting"))
    os.unlink(os.path.join(folder.path, "a.pdf"))
    trial.sandbox.faults.clear()
    trial.drop(folder, "b.pdf")


def changed_while_it_is_sent(trial):
    folder = trial.folder()
    trial.start(folder, max_upload_rate=2_000_000)
    path = os.path.join(folder.path, "a.pdf")
    with open(path, "wb") as file:
        file.write(b"%PDF-1.4\n" + b" " * 4_000_000 + b"\n%%EOF\n")
    trial.until(lambda: trial.has("uploading"))
    content = b"%PDF-1.4\n%the final one\n" + b" " * 100 + b"\n%%EOF\n"
    with open(path, "wb") as file:
        file.write(content)
    trial.expect("a.pdf", content)


def written_slowly(trial):
    """A writer that goes on for two seconds, while others are dropped beside it."""
    folder = trial.folder()
    trial.start(folder)
    path, done = os.path.join(folder.path, "slow.pdf"), threading.Event()

    def write():
        with open(path, "wb", buffering=0) as file:
            file.write(b"%PDF-1.4\n")
            for _ in range(20):
                file.write(b" " * 1000)
                done.wait(0.1)
            file.write(b"\n%%EOF\n")

    trial.expect("slow.pdf", b"%PDF-1.4\n" + b" " * 20_000 + b"\n%%EOF\n")
    thread = threading.Thread(target=write)
    thread.start()
    trial.drop(folder, "beside.pdf")
    trial.until(lambda: len(trial.arrived()) == 1)
    thread.join()


def no_documents(trial):
    folder = trial.folder(max_size=10_000)
    trial.start(folder)
    outside = trial.root / "outside.pdf"
    outside.write_bytes(b"%PDF-1.4\n%outside\n%%EOF\n")
    inner = trial.root / "outside"
    inner.mkdir()
    (inner / "inner.pdf").write_bytes(b"%PDF-1.4\n%inner\n%%EOF\n")
    os.symlink(outside, os.path.join(folder.path, "link.pdf"))
    os.symlink(inner, os.path.join(folder.path, "linked folder"))
    os.mkfifo(os.path.join(folder.path, "pipe.pdf"))
    os.mkdir(os.path.join(folder.path, "folder.pdf"))
    # A name below a directory handle: paths of sockets are short.
    handle = os.open(folder.path, os.O_DIRECTORY)
    plug = socket.socket(socket.AF_UNIX)
    plug.bind(f"/proc/self/fd/{handle}/socket.pdf")
    plug.close()
    os.close(handle)
    trial.drop(folder, "large.pdf", size=20_000, wanted=False)
    trial.expect("empty.pdf", b"", wanted=False)
    with open(os.path.join(folder.path, "empty.pdf"), "wb"):
        pass
    trial.drop(folder, "real.pdf")


def linked_hard(trial):
    folder = trial.folder()
    trial.start(folder)
    trial.drop(folder, "a.pdf")
    os.link(os.path.join(folder.path, "a.pdf"), os.path.join(folder.path, "b.pdf"))
    trial.unwanted.add("b.pdf")
    trial.until(lambda: len(trial.at_rest()) == 2)
    if trial.states()["a.pdf"] == "duplicate":  # whichever came first is the one that was sent
        trial.unwanted = {"a.pdf"}


def odd_names(trial):
    folder = trial.folder()
    trial.start(folder)
    trial.drop(
        folder, "it's \"quoted\".pdf", "back\\slash.pdf", "new\nline.pdf", "bell\x07.pdf",
        "right\u202efdp.left", "\udcff not utf-8.pdf", "CON", "-rf.pdf", "ä" * 125 + ".pdf",
        "emoji 🙂.pdf", "  spaces  .pdf", "per%cent{brace}.pdf",
    )  # fmt: skip


def growing(trial):
    """A writer that opens the file again and again and adds to it, for as long as this goes on."""
    folder = trial.folder()
    trial.start(folder)
    path, done = os.path.join(folder.path, "log.pdf"), threading.Event()

    def write():
        while not done.wait(0.05):
            with open(path, "ab") as file:
                file.write(b"%PDF-1.4\n" + b" " * 1000)

    thread = threading.Thread(target=write)
    trial.undo.append(lambda: (done.set(), thread.join()))
    thread.start()
    trial.drop(folder, "a.pdf", "b.pdf")
    trial.until(lambda: len(trial.arrived()) == 2)
    trial.until(lambda: os.path.exists(path) and os.path.getsize(path) > 30_000)
    done.set()
    thread.join()
    os.unlink(path)


SCENARIOS = (
    Scenario("a file grows for ever", "it is opened and added to 20 times a second, beside others",
             growing),
    Scenario("a file is renamed while it waits", "the server asks for fewer requests",
             renamed_in_the_queue),
    Scenario("a file is deleted while it waits", "likewise", vanished_in_the_queue),
    Scenario("a file changes while it is sent", "4 MB at 2 MB/s, overwritten in the middle",
             changed_while_it_is_sent),
    Scenario("a file is written slowly", "for two seconds; another comes meanwhile",
             written_slowly),
    Scenario("no documents", "links, pipe, socket, folder x.pdf, empty, too large",
             no_documents),
    Scenario("a hard link of another", "one content, two names", linked_hard),
    Scenario("odd names", "quotes, new lines, right-to-left marks, no UTF-8, 254 bytes, CON",
             odd_names),
)  # fmt: skip
