"""The activity page, and the channel over which commands talk to the running program.

::

    tickets   who may come in: a token a run, one-time links, sessions
    guard     what every request has to pass, and what every answer carries
    peers     whether a connection comes from the same person
    news      how things are, for those who wait for it
    activity  files: lists, stories, CSV, days
    acts      what can be ordered: pause, retry, ignore, open a folder, stop
    folders   folders and rules in force, what would happen to a file
    setting   the set-up
    sample    its last step: a made-up CV is sent
    texts     what the page's script says, in the person's language
    skeleton  the page itself
    whole     all of it put together
    health    the doctor's lines
    routes    which address leads to what
    server    the listener on this machine, and the file that tells commands where it is
    client    the other end of the channel

Nothing is imported here: the other end must start fast.
"""
