"""Commands that change nothing but the journal."""

from unittest.mock import MagicMock

import pytest

from watcher.pipeline.messages import JournalCommand, carry_out


@pytest.mark.parametrize("command", JournalCommand.__subclasses__())
def test_every_one_is_carried_out(command):
    journal = MagicMock()
    carry_out(command(*("" for _ in command.__struct_fields__)), journal, 0.0)
    assert journal.mock_calls
