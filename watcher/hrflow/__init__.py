"""Talking to HrFlow: one call, one request, one Outcome or Finding. Never a retry in here."""
