"""The icon in the menu bar of macOS, where only the main thread may touch what is shown."""

from __future__ import annotations

import logging
import subprocess
from typing import Any

_log = logging.getLogger(__name__)


def icon_kind() -> Any:
    """The kind of icon; ImportError without PyObjC, which pystray brings along there."""
    import AppKit  # noqa: PLC0415 - on macOS only
    import pystray  # noqa: PLC0415 - with the chosen backend
    from PyObjCTools import AppHelper  # noqa: PLC0415

    # Neither in the Dock nor among the windows that Cmd-Tab goes through.
    AppKit.NSApplication.sharedApplication().setActivationPolicy_(
        AppKit.NSApplicationActivationPolicyAccessory
    )
    return mac_icon(pystray.Icon, AppHelper.callAfter)


def mac_icon(base: Any, call_after: Any) -> Any:
    """``base``, pystray's icon of macOS; ``call_after`` has the main thread call something."""

    class MacIcon(base):  # type: ignore[misc] # pystray has no types
        """Touched by the main thread only."""

        def on_main(self, call: Any) -> None:
            """Have the main thread do it, soon."""
            call_after(call)

        def _notify(self, message: str, title: str | None = None) -> None:
            try:
                super()._notify(message, title or self.title)
            except (OSError, subprocess.SubprocessError) as error:
                _log.warning("a message cannot be shown: %s", error)

    return MacIcon
