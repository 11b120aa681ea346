"""Talking to HrFlow: one call, one request, one Outcome or Finding. Never a retry in here."""

from watcher.hrflow.client import Client

__all__ = ["Client"]
