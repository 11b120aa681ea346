"""The running program: puts the parts together, and what belongs to a process that keeps running.

::

    core             the composition root: all parts, and how they are connected
    engine           the pipeline on a journal; its supervisor; clients of HrFlow and the ledger
    threads          the pools of workers; threads for calls that may never end
    plans            the settings of each folder, compiled into a plan; imports
    dry_run          what would happen to a file
    recovery         opening the journal; commands where no program runs
    snapshots        snapshots of the status for all who subscribe
    event_log        the log: written, read, scrubbed
    hooks            the user's own commands
    webhook          receives HrFlow's webhooks
    state_folder     the program's own folder: the paths in it, and a reader of its journal
    instance         the one process that works there: its lock, and the server of its API
    channel          the client of that API: how commands reach the running program
    service_manager  tells the service manager that the program is ready, alive, stopping
    updates          notices another version, and ends the program for it
    login_service    installs, starts and stops the login service
    desktop          the icon and notifications of the running program; opens files and links
    setup            the steps of setting up: folders, keys, the configuration, a sample CV
    workspace        an account's sources in HrFlow, and which one a person means
"""
