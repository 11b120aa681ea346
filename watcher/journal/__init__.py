"""The journal: every file's state, on disk before anything is done about it.

Why a power cut cannot lose or double a file: the journal is SQLite in WAL mode with
``synchronous=FULL``, so that a commit returns only after the log is flushed to the disk. An
upload starts after the commit that says ``uploading``; whatever happens between that commit and
the one with the answer is found as ``uploading`` at the next start and treated as uncertain.
Transactions of several files are grouped into one commit; an effect waits for the commit that
announces it.

Names are stored as the bytes that the file system knows (``os.fsencode``), so that names which
are not valid text survive. A path is kept as folder + directory below it + name: no column but
``folders.path`` depends on where a folder is mounted.

Only this package speaks SQL, in the subset that SQLite ≥ 3.35 and PostgreSQL share.

``reader.Reader`` looks, ``writer.Journal`` changes; nothing is imported here, so that commands
which only look start without what writing takes.
"""
