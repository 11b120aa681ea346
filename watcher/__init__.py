"""hrflow-watcher: CV files dropped in folders become HrFlow profiles, each exactly once."""

__version__ = "0.1.0"
