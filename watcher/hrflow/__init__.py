"""Talking to HrFlow: one call, one request, one Outcome or ProfileAnswer. Never a retry in here."""
