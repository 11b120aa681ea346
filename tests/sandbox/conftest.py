"""A sandbox with a clock that stands still, and clients of it."""

import pytest

from tests.support.sandbox_client import Client, Clock
from watcher.sandbox import Sandbox


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sandbox(clock):
    with Sandbox(clock=clock) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox):
    client = Client(sandbox)
    yield client
    client.connection.close()


@pytest.fixture
def connect(sandbox):
    """``connect()``: another connection, closed at the end."""
    clients = []

    def connect():
        clients.append(Client(sandbox))
        return clients[-1]

    yield connect
    for client in clients:
        client.connection.close()
