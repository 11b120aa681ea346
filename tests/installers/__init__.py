"""The package, tried on a clean system; `python -m tests.installers` as root."""
