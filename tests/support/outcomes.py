"""What became of files, where it does not matter whether a result has come already."""

#: What became of a file that was sent; parsing is found out some seconds later.
ARRIVED = {"accepted", "parsed"}
SENT = "sent"


def outcome(state):
    """Return "sent" for a file that arrived, any other state as it is."""
    return SENT if state in ARRIVED else state


def count_outcomes(counts):
    """Return how many files each outcome has, given how many each state has."""
    found = {}
    for state, files in counts.items():
        found[outcome(str(state))] = found.get(outcome(str(state)), 0) + files
    return found
