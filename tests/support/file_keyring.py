"""A keyring for processes of tests: a file."""

import json
import os

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError, PasswordSetError

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def environ(path):
    """Variables of a process whose keyring is the file at ``path``."""
    return {
        "PYTHON_KEYRING_BACKEND": f"{__name__}.Keyring",
        "PYTHONPATH": ROOT,
        "KEY_BOX": str(path),
    }


class Keyring(KeyringBackend):
    priority = 5

    def get_password(self, service, username):
        return self._read().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        if os.environ.get("KEY_BOX_LOCKED"):
            raise PasswordSetError("the box is locked")
        self._write({**self._read(), f"{service}/{username}": password})

    def delete_password(self, service, username):
        entries = self._read()
        if entries.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError("there is none")
        self._write(entries)

    def _read(self):
        try:
            with open(os.environ["KEY_BOX"], encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def _write(self, entries):
        with open(os.environ["KEY_BOX"], "w", encoding="utf-8") as file:
            json.dump(entries, file)
