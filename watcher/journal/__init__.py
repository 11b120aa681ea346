"""The journal: every file's state, on disk before anything is done about it.

Why a power cut cannot lose or double a file: the journal is SQLite in WAL mode with
``synchronous=FULL``, so that a commit returns only after the log is flushed to the disk. An
upload starts after the commit that says ``uploading``; whatever happens between that commit and
the one with the answer is found as ``uploading`` at the next start and treated as uncertain.
Changes of several files are grouped into one commit; an effect waits for the commit that announces
it.

Names are stored as the file system's bytes (``os.fsencode``), so that names which are not valid
text survive. A path is stored as folder + directory below it + name: no column but
``folders.path`` depends on where a folder is mounted.

Only this package uses SQLite (3.35 or newer); the shared ledger is PostgreSQL, see ``ledger``.

::

    writer       the journal for the thread that writes it: the classes below, and commit
    files        files: their states, and which of them sends a content
    names        where they are: directories, names, the same file under another name
    folders      folders: watched, imported, or no longer watched
    holds        causes that keep many files from being uploaded, and approvals
    queues       what is to be done next: files, requests, hooks, claims in the shared ledger
    follow_ups   uploads without a result yet, webhook events, sources
    facts        facts about the journal as a whole
    retention    deletes old history, and what a person wants forgotten
    reader       a view for other threads and processes
    history      which files of the history a person looks for
    store        the connection that all of them use
    schema       the tables, and how older journals get them
    rows         how rows become values, and paths become bytes

Nothing is imported here, so that commands that only read start fast.
"""
