"""Compiles the catalogues of messages whenever a package is built, an editable one too."""

from __future__ import annotations

import os
import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CatalogueHook(BuildHookInterface[Any]):
    """Called by hatchling before it packs anything."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Make the files that are not kept in the repository."""
        sys.path.insert(0, os.path.join(self.root, "installers"))
        import catalogues  # noqa: PLC0415 - found only now

        catalogues.compile_all()
