"""The shared vocabulary: frozen values that travel between the modules, and nothing else.

A file's journey, one value a step::

    Candidate → Sniffed → Document → Route → Job → Outcome → Entry (what people are shown)

Paths are ``str`` as ``os.fsdecode`` gives them (names that are not UTF-8 carry surrogate
escapes), absolute, below a watched folder. Times are seconds since 1970 (UTC) as float.

The values are made when the first of them is asked for, those that people are shown apart from the
others: to make forty frozen classes takes longer than all else that ``status`` does.
"""
