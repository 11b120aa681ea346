"""The activity page, and the control API over which commands and the icon reach the program.

::

    auth        who may come in: the checks of every request, the headers of every answer
    server      the listener, and everything put together
    routes      which address leads to what, the page's frame, the language in which is answered
    activity    what became of the files, and the status as it changes
    actions     what is changed, now or once it can no longer be undone: pause, retry, ignore, stop
    folders     the watched folders, files dropped onto the page, the folder picker
    setup_form  the setup's form, the sample CV at its end, and the checks that lead back to it

Nothing is imported here: commands must start fast.
"""
