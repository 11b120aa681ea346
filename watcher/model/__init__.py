"""The shared vocabulary: frozen values that travel between the packages, and nothing else.

A file's journey, one value for each step::

    Candidate → Sniffed → Document → Route → Job → Outcome → Entry (what people are shown)

Paths are ``str`` as ``os.fsdecode`` gives them (names that are not UTF-8 carry surrogate
escapes), absolute, below a watched folder. Times are seconds since 1970 (UTC) as float.

::

    kinds        State, Sign, Cause, Limit: words with a fixed meaning
    settings     what can be configured
    files        files on their way: noticed, examined, filed away
    uploads      where documents go, the outcome of sending them, what became of them
    ledger       messages between the pipeline and the shared ledger
    lifecycle    which state may follow which, and when to try again
    holds        what holds files back, and when a person is asked first
    reasons      why a file is where it is, as far as that is compared
    entries      files as the journal keeps them and people see them
    snapshot     the state of the program at one moment
    errors       errors that end a command

Import from the modules: a command such as ``status`` loads only those that it needs, as creating
dozens of frozen classes would take most of its time.
"""
