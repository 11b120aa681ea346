"""Everything that can go wrong, provoked for real: ``python -m tests.faults`` prints the table.

Each scenario is a function that is given a :class:`tests.faults.trial.Trial`: it starts the
program, drops files, provokes a fault and mends it. What became of the files is counted
afterwards, the same way for all.
"""

from tests.faults import files, folders, ledger, machine, server

SCENARIOS = (
    *server.SCENARIOS, *folders.SCENARIOS, *files.SCENARIOS, *machine.SCENARIOS,
    *ledger.SCENARIOS,
)  # fmt: skip

__all__ = ["SCENARIOS"]
