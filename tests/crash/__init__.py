"""The real program as a process, killed again and again: nothing may be lost, nothing doubled.

``python -m tests.crash --kills 5000 --seed 7`` runs for as long as that takes; a seed makes the
same decisions again.
"""
