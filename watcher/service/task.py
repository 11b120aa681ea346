"""The task for Windows' Task Scheduler, as XML of its schema, version 1.2.

The schema, "Task Scheduler Schema" in Microsoft's documentation, wants the parts of a trigger in
an order, first those that all triggers have.
"""

from __future__ import annotations

import re
from subprocess import list2cmdline
from typing import TYPE_CHECKING, Final

from watcher.service.wanted import COMMENT, TITLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watcher.service.wanted import Wanted

#: What the Task Scheduler puts other text in place of, with no way to escape it.
_REPLACED: Final = re.compile(r"%[^%]+%|\$\(")
#: Characters that no XML can have.
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_TASK: Final = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{title}: {comment}</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>{user}</UserId>
      <Delay>PT10S</Delay>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>255</Count>
    </RestartOnFailure>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <WakeToRun>false</WakeToRun>
    <Enabled>true</Enabled>
    <Hidden>false</Hidden>
    <IdleSettings>
      <StopOnIdleEnd>false</StopOnIdleEnd>
      <RestartOnIdle>false</RestartOnIdle>
    </IdleSettings>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>7</Priority>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
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


def render_task(wanted: Wanted, user: str) -> str:
    r"""The task's XML, to be written as UTF-16; ``user`` is ``DOMAIN\\name``."""
    from xml.sax.saxutils import escape  # noqa: PLC0415 - with it comes all of HTTP

    program, *arguments = wanted.command
    return _TASK.format(
        title=TITLE,
        comment=COMMENT,
        user=escape(user),
        command=escape(program),
        arguments=escape(list2cmdline(arguments)),
        home=escape(wanted.home),
    )


def find_unwritable(words: Sequence[str]) -> str:
    """The first word that the Task Scheduler would not leave as it is, "" if there is none."""
    return next((word for word in words if _REPLACED.search(word) or _NO_XML.search(word)), "")
