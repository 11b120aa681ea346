"""The activity page, and the channel over which commands talk to the running program.

::

    auth      who may come in, what every request has to pass, what every answer carries
    server    the listener on this machine
    routes    which address leads to what, and the page's frame
    activity  files: lists, stories, CSV, days; and what is new, for those who wait for it
    actions   what can be ordered: pause, retry, ignore, import, open a folder, stop
    folders   folders and rules in force, what would happen to a file
    health    the doctor's lines
    setup     the set-up, and its last step: a sample CV is sent
    whole     all of it put together
    client    the other end: how commands reach the program that runs

Nothing is imported here: the other end must start fast.
"""
