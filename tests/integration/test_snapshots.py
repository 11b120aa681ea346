"""Whoever listens hears of every change, whatever others ask meanwhile."""

from watcher.daemon.clock import RealClock
from watcher.daemon.status import Snapshots
from watcher.model.snapshot import Snapshot


def test_a_listener_hears_what_somebody_else_has_asked_for_before(tmp_path, eventually):
    version = ["1"]
    snapshots = Snapshots(
        str(tmp_path / "no journal"), RealClock(), lambda: Snapshot(version=version[0])
    )
    heard = []
    snapshots.subscribe(lambda snapshot: heard.append(snapshot.version))
    try:
        eventually(lambda: heard == ["1"], 20)
        version[0] = "2"
        snapshots.touch()
        assert snapshots.latest().version == "2"  # as a command that asks for the status does
        eventually(lambda: heard == ["1", "2"], 20)
    finally:
        snapshots.stop()
