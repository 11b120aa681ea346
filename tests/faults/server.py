"""What servers and networks do."""

import os
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.faults.trial import Scenario
from tests.support.tls import speak_tls
from watcher import sandbox as sb
from watcher.pipeline.messages import Resume
from watcher.sandbox import Fault, Kind

FIVE = tuple(f"{number}.pdf" for number in range(5))


def no_server(trial):
    port = int(trial.sandbox.origin.rpartition(":")[2])
    folder = trial.folder()
    trial.start(folder)
    trial.sandbox.stop()
    trial.drop(folder, *FIVE)
    trial.until(lambda: trial.has("waiting"))
    trial.sandbox.start(port)


def no_name(trial):
    folder = trial.folder()
    trial.start(folder, api_url="http://hrflow.invalid/v1")
    trial.drop(folder, *FIVE)
    trial.until(lambda: trial.has("waiting"))
    trial.app.reload(trial.config(folder))


def no_trust(trial):
    """The certificate is one that nobody trusts, until the system is told to."""
    url, certificate = speak_tls(trial.sandbox, trial.root)
    before = os.environ.get("SSL_CERT_FILE")
    trial.undo.append(lambda: set_variable("SSL_CERT_FILE", before))
    folder = trial.folder()
    trial.start(folder, api_url=url, proxy="none")
    trial.drop(folder, *FIVE)
    trial.until(lambda: trial.has("waiting"))
    set_variable("SSL_CERT_FILE", certificate)
    trial.app.reload(trial.config(folder, api_url=url, proxy="none", connect_timeout=9.0))


def set_variable(name, value):
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def switched(*faults, size=0, names=FIVE, **account):
    """A scenario in which the server misbehaves by these switches, each for a time."""

    def run(trial):
        trial.sandbox.faults.set(*(fault() if callable(fault) else fault for fault in faults))
        folder = trial.folder()
        trial.start(folder, **account)
        trial.drop(folder, *names, size=size)

    return run


def date_to_come():
    moment = datetime.now(UTC) + timedelta(seconds=3)
    return Fault(kind=Kind.STATUS, status=429, retry_after=format_datetime(moment), times=2)


def in_the_middle(fault):
    """A backlog of which some has arrived when every request begins to fail."""

    def run(trial):
        folder = trial.folder()
        trial.sandbox.faults.set(Fault(kind=Kind.DELAY, delay=0.05))
        trial.start(folder, parallel_uploads=1)
        trial.drop(folder, *(f"{number}.pdf" for number in range(20)))
        trial.until(lambda: len(trial.arrived()) >= 3)
        trial.sandbox.faults.set(fault)
        trial.until(lambda: trial.has("held", 10))
        trial.sandbox.faults.clear()
        trial.app.post(Resume())

    return run


def wrong_source(trial):
    good, bad = trial.folder("good"), trial.folder("bad", source_key="0" * 40)
    trial.start(good, bad)
    trial.drop(bad, *FIVE)
    trial.drop(good, "good.pdf")
    trial.until(lambda: trial.has("held", 5) and len(trial.arrived()) == 1)
    right = trial.folder("bad", source_key=sb.SALES.key)
    trial.app.reload(trial.config(good, right))


def too_large_for_the_server(trial):
    trial.sandbox.faults.set(Fault(kind=Kind.STATUS, status=413, file_name="big*"))
    folder = trial.folder()
    trial.start(folder)
    trial.drop(folder, *FIVE)
    trial.drop(folder, "big.pdf", wanted=False)


def redirected(trial):
    with sb.Sandbox() as elsewhere:
        fault = Fault(kind=Kind.REDIRECT, url=f"{elsewhere.url}/profile/parsing/file", times=3)
        trial.sandbox.faults.set(fault)
        folder = trial.folder()
        trial.start(folder, confirm_seconds=3.0)
        trial.drop(folder, *FIVE)
        trial.until(lambda: len(trial.arrived()) == 5)
        assert not elsewhere.ledger.records(), "the key went to another host"


def status(number, **more):
    return Fault(kind=Kind.STATUS, status=number, times=3, **more)


def stored_all_the_same(references, key=sb.READ_WRITE_KEY):
    """A gateway says 504 for what HrFlow has taken, which takes its time to be parsed."""

    def run(trial):
        trial.sandbox.api.references = references
        trial.sandbox.api.parse_seconds = 1.0
        trial.keys.key = key
        fault = Fault(kind=Kind.STATUS, status=504, stored=True, method="POST", times=3)
        switched(fault, confirm_seconds=6.0)(trial)

    return run


def in_trouble_altogether(trial):
    """While questions are answered like uploads, nobody knows, so nothing is sent again."""
    trial.sandbox.faults.set(
        Fault(kind=Kind.STATUS, status=503, stored=True, method="POST", times=1),
        Fault(kind=Kind.STATUS, status=503),
    )
    folder = trial.folder()
    trial.start(folder, confirm_seconds=1.0, parallel_uploads=2)
    trial.drop(folder, "a.pdf", "b.pdf")
    trial.until(lambda: trial.asked() >= 2)
    assert len(trial.tried()) == 2
    trial.sandbox.faults.clear()


def backlog_for_a_failing_server(trial):
    """It is spared: of a backlog only what was under way goes out, and then one at a time."""
    trial.sandbox.faults.set(Fault(kind=Kind.STATUS, status=503))
    folder = trial.folder()
    trial.start(folder, parallel_uploads=16, confirm_seconds=3.0)
    trial.drop(folder, *(f"{number}.pdf" for number in range(200)))
    trial.until(lambda: trial.has("queued", 150) and len(trial.tried()) + trial.asked() >= 5)
    assert len(trial.tried()) <= 16 + 5
    trial.sandbox.faults.clear()


_LARGE = 3_000_000  # more than a network takes before it tells of a cut

SCENARIOS = (
    Scenario("no server answers", "the port is closed for a while", no_server),
    Scenario("the server's name is unknown", "api_url ends in .invalid", no_name),
    Scenario("a certificate that nobody trusts", "until the system is told to", no_trust,
             needs="openssl"),
    Scenario("cut while sending", "the connection is closed after 1 MB of each body",
             switched(Fault(kind=Kind.CUT_IN_BODY, after_bytes=1_000_000, times=3), size=_LARGE,
                 confirm_seconds=3.0)),
    Scenario("cut before the answer", "the connection is closed when all was read",
             switched(Fault(kind=Kind.CUT_BEFORE_ANSWER, times=2))),
    Scenario("cut in the answer", "the connection is closed in the middle of the answer",
             switched(Fault(kind=Kind.CUT_IN_ANSWER, times=2))),
    Scenario("500 and 503", "answered so three times each",
             switched(status(500), status(503), confirm_seconds=3.0)),
    Scenario("504 after it was stored", "a known reference is parsed again",
             stored_all_the_same("update")),
    Scenario("504 after it was stored", "a known reference is refused",
             stored_all_the_same("at_once")),
    Scenario("504 after it was stored", "a second profile while the first is parsed",
             stored_all_the_same("late")),
    Scenario("504 after it was stored", "the same, and the key may only write",
             stored_all_the_same("late", sb.WRITE_KEY)),
    Scenario("503 to everything after some were stored", "questions are answered so too",
             in_trouble_altogether),
    Scenario("503 to a backlog", "of 200 files at most 21 are tried, 16 at a time",
             backlog_for_a_failing_server),
    Scenario("429 with seconds", "Retry-After: 1", switched(status(429, retry_after="1"))),
    Scenario("429 with a date", "Retry-After: three seconds from now", switched(date_to_come)),
    Scenario("401 in the middle of a backlog", "the key is refused until a person resumes",
             in_the_middle(Fault(kind=Kind.STATUS, status=401))),
    Scenario("403 in the middle of a backlog", "the same with 403",
             in_the_middle(Fault(kind=Kind.STATUS, status=403))),
    Scenario("an unknown source", "its key is corrected in the settings", wrong_source),
    Scenario("413 for one file", "that one is refused, the others go on",
             too_large_for_the_server),
    Scenario("a log-in page", "HTML with status 200, as in a hotel",
             switched(Fault(kind=Kind.HTML, times=3), confirm_seconds=3.0)),
    Scenario("a log-in page after it was stored", "HTML with status 200, once",
             switched(Fault(kind=Kind.HTML, times=1, stored=True), confirm_seconds=3.0)),
    Scenario("a redirect to another host", "307 to a second server, which must see nothing",
             redirected),
    Scenario("code and status differ", "HTTP says 202, JSON says 500",
             switched(Fault(kind=Kind.CODE, code=500, times=2, stored=False),
                 confirm_seconds=3.0)),
    Scenario("code and status differ after it was stored", "HTTP says 202, JSON says 500",
             switched(Fault(kind=Kind.CODE, code=500, times=2, stored=True))),
    Scenario("JSON of the wrong shape", "a list in the place of an object",
             switched(Fault(kind=Kind.SHAPE, times=3), confirm_seconds=3.0)),
    Scenario("an answer of 1 GB", "once", switched(Fault(kind=Kind.HUGE, times=1, stored=True))),
    Scenario("an answer that drips", "one byte a second",
             switched(Fault(kind=Kind.DRIP, times=1), read_timeout=1.0)),
    Scenario("an answer that never comes", "the connection stays open",
             switched(Fault(kind=Kind.NEVER, times=1), read_timeout=1.0)),
)  # fmt: skip
