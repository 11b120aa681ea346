"""A Secret Service of a test's own: a message bus, gnome-keyring on it, and somebody who unlocks.

Nothing of the person's own session is touched: the bus has its own address and starts no services
by itself, and the keyring lives below a temporary folder.
"""

import contextlib
import os
import shutil
import subprocess
import threading
from contextlib import closing

import jeepney
import pytest
from jeepney.io.blocking import open_dbus_connection
from secretstorage.util import DBusAddressWrapper, format_secret, open_session

from tests.support.waiting import wait_until

PASSWORD = b"correct horse"
SECRETS = "org.freedesktop.secrets"
PROMPTER = "org.gnome.keyring.SystemPrompter"
DEFAULT = "/org/freedesktop/secrets/aliases/default"
PATIENCE = 30

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
  </policy>
</busconfig>
"""

MISSING = [name for name in ("gnome-keyring-daemon", "dbus-run-session") if not shutil.which(name)]
needs_secret_service = pytest.mark.skipif(
    bool(MISSING), reason=f"needs {' and '.join(MISSING)} (packages gnome-keyring, dbus-x11)"
)


class Prompter:
    """Shows the question for the password, so to speak, and nobody answers it until it closes."""

    def __init__(self, address):
        self._connection = open_dbus_connection(bus=address)
        self._connection.send_and_get_reply(
            jeepney.new_method_call(jeepney.message_bus, "RequestName", "su", (PROMPTER, 0))
        )
        self.asked = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    def _answer(self):
        while not self._closing.is_set():
            with contextlib.suppress(TimeoutError):
                message = self._connection.receive(timeout=0.05)
                if message.header.message_type is jeepney.MessageType.method_call:
                    self.asked += 1
                    self._connection.send(jeepney.new_method_return(message))

    def close(self):
        """Leave, which counts as an answer: no password."""
        self._closing.set()
        self._thread.join()
        self._connection.close()


class SecretService:
    """A session that has a message bus; a keyring once :meth:`start` was called."""

    def __init__(self, root):
        self._root = root
        for name in ("home", "run"):
            (root / name).mkdir(mode=0o700)
        (root / "bus.conf").write_text(BUS)
        self._bus = subprocess.Popen(
            ["dbus-run-session", "--config-file", str(root / "bus.conf"), "--",
             "sh", "-c", "echo $DBUS_SESSION_BUS_ADDRESS; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.address = self._bus.stdout.readline().strip()
        self._daemon = None
        self._prompter = None

    @property
    def environ(self):
        """What makes a process use this keyring, and no other."""
        return {
            "DBUS_SESSION_BUS_ADDRESS": self.address,
            "HOME": str(self._root / "home"),
            "XDG_RUNTIME_DIR": str(self._root / "run"),
            "XDG_DATA_HOME": str(self._root / "home" / "data"),
            "XDG_CONFIG_HOME": str(self._root / "home" / "config"),
        }

    def start(self, *, unlocked):
        """Start the keyring: its login keyring is made, or found, and unlocked if so wanted."""
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets"]
        self._daemon = subprocess.Popen(
            [*command, "--unlock"] if unlocked else command,
            env={**os.environ, **self.environ}, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._daemon.stdin.write(PASSWORD if unlocked else b"")
        self._daemon.stdin.close()
        assert wait_until(lambda: self._owned(SECRETS), PATIENCE), "gnome-keyring does not start"
        if unlocked:
            assert wait_until(lambda: not self.is_locked(), PATIENCE), "it stays locked"

    def start_locked(self):
        """Start a keyring that was used before, and that nobody has unlocked since."""
        self.start(unlocked=True)
        self.stop()
        self.start(unlocked=False)
        assert self.is_locked()

    def show_prompts(self):
        """From now on a person is asked for the password, and does not answer."""
        self._prompter = Prompter(self.address)
        return self._prompter

    def is_locked(self):
        with closing(open_dbus_connection(bus=self.address)) as connection:
            default = DBusAddressWrapper(DEFAULT, "org.freedesktop.Secret.Collection", connection)
            return default.get_property("Locked")

    def unlock(self):
        """Unlock it as the desktop does when a person logs in."""
        with closing(open_dbus_connection(bus=self.address)) as connection:
            session = open_session(connection)
            service = DBusAddressWrapper(
                "/org/freedesktop/secrets",
                "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface",
                connection,
            )
            secret = format_secret(session, PASSWORD, "text/plain")
            service.call("UnlockWithMasterPassword", "o(oayays)", DEFAULT, secret)
        assert not self.is_locked()

    def stop(self):
        """End the keyring; what was stored stays on the disk."""
        if self._daemon is not None:
            self._daemon.terminate()
            self._daemon.wait(PATIENCE)
            self._daemon = None
            assert wait_until(lambda: not self._owned(SECRETS), PATIENCE)

    def close(self):
        if self._prompter is not None:
            self._prompter.close()
        self.stop()
        self._bus.communicate(timeout=PATIENCE)

    def _owned(self, name):
        with closing(open_dbus_connection(bus=self.address)) as connection:
            call = jeepney.new_method_call(jeepney.message_bus, "NameHasOwner", "s", (name,))
            return connection.send_and_get_reply(call, timeout=PATIENCE).body[0]
