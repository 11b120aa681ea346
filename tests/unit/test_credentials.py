"""Keys that are found, missing, late or changed; the keyring is played, as its delays matter."""

import json
import threading

import pytest

from tests.support import file_keyring
from tests.support.waiting import PATIENCE
from watcher import sandbox as sb
from watcher.credentials import (
    LEDGER,
    WAITING,
    WEBHOOK,
    Keys,
    LockedError,
    is_contested,
    keyring,
    keys,
    read_secret,
    take_secret,
)
from watcher.credentials.keyring_process import read_in_subprocess
from watcher.model.errors import CredentialError
from watcher.model.settings import Account, Config

KEY, OTHER = sb.READ_WRITE_KEY, sb.WRITE_KEY
ACCOUNTS = ("default", "paris")
CONFIG = Config(accounts=tuple(Account(name=name, email=sb.EMAIL) for name in ACCOUNTS))


class Keyring:
    """Keys by account; an account in ``blocked`` gets no answer until it is taken out."""

    def __init__(self, **keys):
        self.keys = keys
        self.allow_insecure = False
        self.locked = False
        self.blocked = set()
        self.asked = []
        self.changed = threading.Condition()

    def read(self, account):
        with self.changed:
            self.asked.append(account)
            self.changed.notify_all()
            assert self.changed.wait_for(lambda: account not in self.blocked, PATIENCE)
            if self.locked:
                raise LockedError("It is locked.")
            return self.keys.get(account, "")

    def is_locked(self):
        return self.locked

    def set(self, **values):
        with self.changed:
            for name, value in values.items():
                setattr(self, name, value)
            self.changed.notify_all()


class Listener:
    """What the program hears of its keys."""

    def __init__(self):
        self.said = {}
        self.resumed = 0

    def notify(self, account, origin, problem):
        self.said[account] = str(origin or problem)

    def resume(self):
        self.resumed += 1


@pytest.fixture
def ring():
    made = Keyring(default=KEY)
    yield made
    made.set(blocked=set())


@pytest.fixture
def listener():
    return Listener()


@pytest.fixture
def make_keys(ring, listener, eventually):
    made = []

    def make(environ=None, *, patience=0.05, configured=True):
        made.append(Keys(environ or {}, ring, patience=patience, pause=0.01))
        if configured:
            made[-1].configure(CONFIG, listener.notify, listener.resume)
        return made[-1]

    yield make
    for each in made:
        each.close()
    ring.set(blocked=set())
    eventually(lambda: not key_threads())


def key_threads():
    return [each.name for each in threading.enumerate() if each.name.startswith("key-")]


# -- where a key comes from


def write_credential(tmp_path, name, key):
    (tmp_path / name).write_text(key + "\n")
    return {"CREDENTIALS_DIRECTORY": str(tmp_path)}


PLACES = {"keyring": "keyring", "systemd credential": "credential", "HRFLOW_API_KEY": "variable"}


def places(origin):
    """The place that an origin names first, whose key is used, and one with another key."""
    text = str(origin)
    return " ".join(PLACES[each] for each in sorted(PLACES, key=text.find) if each in text)


@pytest.mark.parametrize(
    ("stored", "credential", "variable", "origin"),
    [
        (KEY, "", "", "keyring"),
        (KEY, KEY, KEY, "keyring"),
        (KEY, "", f" {KEY}\n", "keyring"),
        (KEY, "", OTHER, "keyring variable"),
        (KEY, OTHER, "", "keyring credential"),
        (KEY, KEY, OTHER, "keyring variable"),
        ("", KEY, OTHER, "credential variable"),
        ("", KEY, KEY, "credential"),
        ("", "", KEY, "variable"),
    ],
)
def test_of_two_keys_it_is_said_which_one_is_used(
    ring, make_keys, tmp_path, stored, credential, variable, origin
):
    ring.keys = {"default": stored}
    environ = {"HRFLOW_API_KEY": variable}
    if credential:
        environ |= write_credential(tmp_path, "hrflow-api-key", credential)
    keys = make_keys(environ, configured=False, patience=PATIENCE)
    assert (keys.get("default"), places(keys.origin("default"))) == (KEY, origin)
    assert is_contested(keys.origin("default")) == (" " in origin)


def test_a_credential_that_is_not_needed_need_not_be_readable(ring, make_keys, tmp_path):
    (tmp_path / "hrflow-api-key").mkdir()
    keys = make_keys({"CREDENTIALS_DIRECTORY": str(tmp_path)}, configured=False, patience=PATIENCE)
    assert keys.get("default") == KEY


def test_the_order_is_keyring_credential_variable(ring, make_keys, tmp_path):
    environ = {**write_credential(tmp_path, "hrflow-api-key", "b"), "HRFLOW_API_KEY": " c\n"}
    found = [make_keys(environ, configured=False, patience=PATIENCE) for _ in range(3)]
    seen = [(found[0].get("default"), places(found[0].origin("default")))]
    ring.keys.clear()
    seen.append((found[1].get("default"), places(found[1].origin("default"))))
    (tmp_path / "hrflow-api-key").unlink()
    seen.append((found[2].get("default"), places(found[2].origin("default"))))
    assert seen == [(KEY, "keyring credential"), ("b", "credential variable"), ("c", "variable")]


def test_another_account_has_a_credential_of_its_own(make_keys, tmp_path):
    keys = make_keys(write_credential(tmp_path, "hrflow-api-key-paris", OTHER))
    assert keys.get("paris") == OTHER


def test_a_credential_that_cannot_be_read_is_said(ring, make_keys, tmp_path):
    ring.keys.clear()
    (tmp_path / "hrflow-api-key").mkdir()
    with pytest.raises(CredentialError, match="hrflow-api-key can't be read"):
        make_keys({"CREDENTIALS_DIRECTORY": str(tmp_path)}, patience=PATIENCE).get("default")


def test_without_any_key_it_is_said_how_to_store_one(make_keys):
    with pytest.raises(CredentialError, match=r'no API key for account "paris".*--account paris'):
        make_keys(patience=PATIENCE).get("paris")


def test_the_variable_is_kept_from_programs_that_are_started():
    environ = {"HRFLOW_API_KEY": KEY, "PATH": "/bin"}
    Keys.of_process(environ)
    assert environ == {"PATH": "/bin"}


# -- a keyring that is slow, locked or changed


def test_a_keyring_that_blocks_holds_nobody_up_and_is_asked_by_one_thread(
    ring, listener, make_keys, eventually
):
    ring.blocked = {"default"}
    ring.keys["paris"] = OTHER
    keys = make_keys(patience=1.0)
    for _ in range(20):
        with pytest.raises(LockedError, match=str(WAITING)):
            keys.get("default")
        keys.forget("default")  # as whoever got no key does
    assert keys.get("paris") == OTHER
    assert key_threads() == ["key-default"]
    assert ring.asked.count("default") == 1
    assert listener.said == {"default": str(WAITING), "paris": "the system's keyring"}
    ring.set(blocked=set())
    eventually(lambda: listener.resumed == 1)
    assert keys.get("default") == KEY
    assert listener.said["default"] == "the system's keyring"


def test_while_the_keyring_blocks_another_way_is_taken(ring, listener, make_keys, eventually):
    ring.blocked = {"default"}
    keys = make_keys({"HRFLOW_API_KEY": OTHER})
    assert keys.get("default") == OTHER
    assert "HRFLOW_API_KEY" in listener.said["default"]
    ring.set(blocked=set())
    eventually(lambda: keys.get("default") == KEY)
    eventually(lambda: places(listener.said["default"]) == "keyring variable")


def test_a_locked_keyring_asks_a_person_once_and_is_used_once_it_is_unlocked(
    ring, listener, make_keys, eventually
):
    ring.locked = True
    keys = make_keys(patience=PATIENCE)
    for _ in range(5):
        with pytest.raises(LockedError):
            keys.get("default")
        keys.forget("default")
    eventually(lambda: listener.said["default"] == str(WAITING))
    assert ring.asked.count("default") == 1
    ring.set(locked=False)
    eventually(lambda: listener.resumed == 1)
    assert keys.get("default") == KEY
    assert ring.asked.count("default") == 2


def test_a_person_who_says_so_is_asked_once_more(ring, listener, make_keys, eventually):
    ring.locked = True
    keys = make_keys()
    eventually(lambda: ring.asked.count("default") == 1)
    keys.configure(CONFIG, listener.notify, listener.resume)
    eventually(lambda: ring.asked.count("default") == 2)


def test_a_changed_key_is_used_once_the_program_is_told(ring, listener, make_keys):
    keys = make_keys(patience=PATIENCE)
    assert keys.get("default") == KEY
    ring.keys["default"] = OTHER
    assert keys.get("default") == KEY
    keys.configure(CONFIG, listener.notify, listener.resume)
    assert keys.get("default") == OTHER


def test_a_keyring_that_fails_in_its_own_way_is_asked_again(ring, listener, make_keys):
    ring.read = lambda account: {}["missing"]
    keys = make_keys(patience=PATIENCE)
    with pytest.raises(CredentialError, match="can't be used"):
        keys.get("default")
    del ring.read
    keys.configure(CONFIG, listener.notify, listener.resume)
    assert keys.get("default") == KEY


def test_a_refused_key_is_looked_up_anew(ring, make_keys):
    keys = make_keys(patience=PATIENCE)
    assert keys.get("default") == KEY
    ring.keys["default"] = OTHER
    keys.forget("default")
    assert keys.get("default") == OTHER


def test_an_answer_from_before_a_change_does_not_count(ring, listener, make_keys, eventually):
    ring.blocked = {"default"}
    keys = make_keys(patience=PATIENCE)
    eventually(lambda: "default" in ring.asked)
    keys.configure(CONFIG, listener.notify, listener.resume)
    ring.set(blocked=set())
    assert keys.get("default") == KEY
    assert ring.asked.count("default") == 2


def test_nobody_waits_for_a_keyring_when_the_program_ends(ring, make_keys):
    ring.blocked = {"default"}
    keys = make_keys(patience=1000)
    failed = []

    def ask():
        with pytest.raises(CredentialError):
            keys.get("default")
        failed.append(True)

    asking = threading.Thread(target=ask)
    asking.start()
    keys.close()
    asking.join(PATIENCE)
    assert failed


def test_new_settings_reach_the_keyring(ring, make_keys):
    keys = make_keys()
    assert not ring.allow_insecure
    keys.configure(
        Config(accounts=CONFIG.accounts, allow_insecure_keyring=True), lambda *_: None, lambda: None
    )
    assert ring.allow_insecure


# -- what a key looks like

DIGITS = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("text", "key", "right"),
    [
        (f"ask_{DIGITS}", f"ask_{DIGITS}", True),
        (f"askw_{DIGITS}", f"askw_{DIGITS}", True),
        (f" ask_{DIGITS}\r\n", f"ask_{DIGITS}", True),  # pasted with what stood around it
        (f"ask_{DIGITS.upper()}", f"ask_{DIGITS.upper()}", True),
        (f"ask_{DIGITS}0", f"ask_{DIGITS}0", False),  # one digit too many
        (f"ask_{DIGITS[1:]}", f"ask_{DIGITS[1:]}", False),
        (f'"ask_{DIGITS}"', f'"ask_{DIGITS}"', False),  # with its quotes
        ("of-another-form", "of-another-form", False),
    ],
)
def test_keys_are_trimmed_and_their_form_is_known(text, key, right):
    assert (keys.clean(text), keys.looks_right(keys.clean(text))) == (key, right)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "No API key"),
        (" \n", "No API key"),
        (f"ask_{DIGITS[:16]}\n{DIGITS[16:]}", "it contains"),  # broken over two lines
        (f"ask_{DIGITS} ask_{DIGITS}", "it contains"),
        (f"ask_{DIGITS}\u200b", "it contains"),  # no header can carry it
        (f"askr_{DIGITS}", "read-only key"),
        ("askr_short", "read-only key"),
    ],
)
def test_what_cannot_be_a_usable_key_is_refused_without_repeating_it(text, why):
    with pytest.raises(CredentialError, match=why) as caught:
        keys.clean(text)
    assert DIGITS[:8] not in str(caught.value)


def test_a_write_only_key_is_known():
    assert keys.is_write_only(sb.WRITE_KEY)
    assert not keys.is_write_only(sb.READ_WRITE_KEY)


# -- a look by another process


def test_a_look_finds_a_key_and_knows_where_none_is(tmp_path, monkeypatch):
    use_box(tmp_path, monkeypatch, {"hrflow-watcher/default": KEY})
    assert read_in_subprocess("default", allow_insecure=False) == KEY
    assert read_in_subprocess("paris", allow_insecure=False) == ""


def test_a_look_says_what_is_wrong(monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
    with pytest.raises(CredentialError, match="plain text"):
        read_in_subprocess("default", allow_insecure=False)


def test_a_look_leaves_what_fails_to_the_keyring_here(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("sys.executable", str(tmp_path / "gone"))
    assert read_in_subprocess("default", allow_insecure=False) is None
    monkeypatch.setattr("sys.executable", "/bin/false")
    assert read_in_subprocess("default", allow_insecure=False) is None


def test_the_keyring_here_is_asked_only_if_a_look_finds_none(ring, listener):
    for found, asked in ((OTHER, []), ("", []), (None, ["default"])):
        ring.asked.clear()
        keys = Keys({"HRFLOW_API_KEY": "c"}, ring, read_apart=lambda *_, found=found, **__: found)
        assert keys.get("default") == {OTHER: OTHER, "": "c", None: KEY}[found]
        assert ring.asked == asked
        keys.close()


def test_a_look_may_take_longer_than_a_person_is_waited_for(ring):
    def look(*_, **__):
        threading.Event().wait(0.2)  # on a busy machine, its process takes seconds to start
        return OTHER

    keys = Keys({}, ring, patience=0.01, read_apart=look)
    assert keys.get("default") == OTHER
    keys.close()


def use_box(tmp_path, monkeypatch, keys):
    """A keyring that a test fills; the process that looks finds it by the environment."""
    box = tmp_path / "box"
    box.write_text(json.dumps(keys))
    for name, value in file_keyring.environ(box).items():
        monkeypatch.setenv(name, value)


# -- the secrets beside the keys


@pytest.mark.parametrize("secret", [WEBHOOK, LEDGER])
def test_a_secret_comes_from_the_keyring_the_credential_or_the_variable(ring, tmp_path, secret):
    environ = {secret.variable: " c\n"}
    assert read_secret(secret, environ, keyring=ring) == "c"
    environ |= write_credential(tmp_path, secret.credential, "b")
    assert read_secret(secret, environ, keyring=ring) == "b"
    ring.keys[secret.entry] = "a"
    assert read_secret(secret, environ, keyring=ring) == "a"


def test_only_the_webhooks_secret_must_be_there(ring):
    with pytest.raises(CredentialError, match="no secret for the webhook"):
        read_secret(WEBHOOK, {}, keyring=ring)
    assert read_secret(LEDGER, {}, keyring=ring) == ""


@pytest.mark.parametrize("secret", [WEBHOOK, LEDGER])
def test_a_locked_keyring_may_have_a_secret(ring, secret):
    ring.locked = True
    with pytest.raises(LockedError):
        read_secret(secret, {}, keyring=ring)
    assert read_secret(secret, {secret.variable: "c"}, keyring=ring) == "c"


def test_a_taken_secret_is_not_in_the_environment_any_more(monkeypatch):
    environ = {LEDGER.variable: "canary", "PATH": "/bin"}
    read = take_secret(LEDGER, environ)
    assert environ == {"PATH": "/bin"}
    monkeypatch.setattr(keyring.SystemKeyring, "read", lambda *_: "")
    assert read(False) == "canary"
