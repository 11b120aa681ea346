"""The activity page, and the control API over which commands and the icon reach the program.

::

    client    the commands' end of the API
    auth      who may come in: the checks of every request, the headers of every answer
    server    the listener, those who wait for changes, and everything put together
    routes    which address leads to what, and the page's frame
    views     what is shown: files, folders and rules, what would happen to a file, health
    actions   what is changed: pause, retry, ignore, import, open a folder, stop
    setup     the set-up's form, and its last step: a sample CV is uploaded

Nothing is imported here: commands must start fast.
"""
