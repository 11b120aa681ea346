"""The task for Windows' Task Scheduler, as XML of its schema, version 1.2.

The schema, "Task Scheduler Schema" in Microsoft's documentation, prescribes the order of a
trigger's parts: those that all triggers have come first. Defaults are left out.
"""

from __future__ import annotations

import os
import re
from subprocess import list2cmdline
from typing import TYPE_CHECKING, Final

from watcher.i18n.message import msg
from watcher.model.errors import UnusableError
from watcher.service.common import (
    COMMENT,
    NAME,
    Installed,
    Service,
    insist,
    read_file,
    remove_file,
    write_file,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.service.common import Definition, Run

#: What the Task Scheduler replaces by other text; there is no way to escape it.
_REPLACED: Final = re.compile(r"%[^%]+%|\$\(")

#: Characters that are not allowed in XML.
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_TASK: Final = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{title}: {comment}</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <UserId>{user}</UserId>
      <Delay>PT10S</Delay>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
    </Principal>
  </Principals>
  <Settings>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>255</Count>
    </RestartOnFailure>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <IdleSettings>
      <StopOnIdleEnd>false</StopOnIdleEnd>
    </IdleSettings>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{command}</Command>
      <Arguments>{arguments}</Arguments>
      <WorkingDirectory>{home}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def render_task(definition: Definition, user: str) -> str:
    r"""Return the task's XML, to be written as UTF-16; ``user`` is ``DOMAIN\\name``."""
    from xml.sax.saxutils import escape  # noqa: PLC0415 - with it comes all of HTTP

    program, *arguments = definition.command
    return _TASK.format(
        title=NAME,
        comment=COMMENT,
        user=escape(user),
        command=escape(program),
        arguments=escape(list2cmdline(arguments)),
        home=escape(definition.home),
    )


def find_unwritable(words: Sequence[str]) -> str:
    """Return the first word that the Task Scheduler would change, "" if there is none."""
    return next((word for word in words if _REPLACED.search(word) or _NO_XML.search(word)), "")


#: Characters that schtasks does not accept in a task's name.
_NOT_IN_A_NAME: Final = re.compile(r'[\\/:*?"<>|%]')

#: Results of a task that is running, or has not run yet; all others are exit codes.
_NO_EXIT_CODE: Final = range(0x41300, 0x41400)


class Scheduler(Service):
    r"""A task. ``user`` is ``DOMAIN\\name``; its XML is kept in ``folder`` for comparison.

    Tasks of all users are in one list, so the user is part of the task's name.
    """

    kind = "task scheduler"
    lingers = True

    def __init__(self, definition: Definition, user: str, folder: str, run: Run) -> None:
        self._definition = definition
        self._user = user
        self._run = run
        self._task = f"{NAME} " + _NOT_IN_A_NAME.sub("-", user.rpartition("\\")[2])
        self.file = os.path.join(folder, "login-task.xml")

    def install(self) -> bool:
        """Install it; UnusableError for a path that the Task Scheduler would change."""
        if word := find_unwritable((*self._definition.command, self._definition.home)):
            raise UnusableError(
                msg("Windows would misread the path {path} at login.", path=word),
                msg(
                    "Move the program, its configuration and its data to folders without % or $( in"
                    " their names."
                ),
            )
        changed = write_file(self.file, self._render())
        if changed or not self._is_known():
            insist(self._run, "schtasks", "/Create", "/TN", self._task, "/XML", self.file, "/F")
            return True
        return False

    def uninstall(self) -> bool:
        """Remove it, see :meth:`Service.uninstall`."""
        known = self._is_known()
        if known:
            self._run(["schtasks", "/End", "/TN", self._task])  # fails if it is not running
            insist(self._run, "schtasks", "/Delete", "/TN", self._task, "/F")
        return remove_file(self.file) or known

    def start(self) -> None:
        """Start it."""
        insist(self._run, "schtasks", "/Run", "/TN", self._task)

    def stop(self) -> None:
        """Stop it until the next login; the journal keeps track of uploads under way."""
        self._run(["schtasks", "/End", "/TN", self._task])  # fails if it is not running

    def look(self) -> Installed | None:
        """Return the status; None if it is not installed."""
        task = self._run(["schtasks", "/Query", "/TN", self._task, "/XML"])
        if task.code != 0:
            return None
        shown = self._run(["schtasks", "/Query", "/TN", self._task, "/FO", "CSV", "/NH", "/V"]).out
        fields = shown.strip().strip('"').split('","')
        last = fields[6] if len(fields) > 6 else ""
        code = int(last) if last.isdecimal() and int(last) not in _NO_EXIT_CODE else None
        return Installed(
            self._task,
            enabled="<Enabled>false<" not in task.out,
            current=read_file(self.file) == self._render(),
            exit_code=code,
        )

    def _render(self) -> bytes:
        return render_task(self._definition, self._user).encode("utf-16")

    def _is_known(self) -> bool:
        return self._run(["schtasks", "/Query", "/TN", self._task]).code == 0
