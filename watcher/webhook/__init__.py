"""The receiver of HrFlow's webhook: the one listener that other machines may reach.

::

    events    from a header to an event: signature first, then everything else
    receiver  the listener, which answers at once and leaves the work to others

It serves nothing but ``POST /webhook``, and shows nothing to anybody.
"""

from watcher.webhook.receiver import PATH, Receiver

__all__ = ["PATH", "Receiver"]
