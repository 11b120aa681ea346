"""A clock that a test sets."""

from watcher.system.clock import RealClock


class SetClock(RealClock):
    """The real time, but that somebody sets the clock (``set``) or lets it pass (``pass_by``)."""

    def __init__(self):
        self.set_by = 0.0
        self.passed = 0.0

    def wall(self):
        return RealClock.wall() + self.set_by + self.passed

    def tick(self):
        return RealClock.tick() + self.passed
