"""The journey of files, one direction, in one thread.

::

    loop           the thread, which takes turns through the stages
    stage          what a stage is, and what all stages share
    messages       what the pipeline is asked to do, what it publishes, what stages tell one another

    intake         from a candidate to a file that is complete and identified
    settle         when is a file complete? pure
    reading        the files that are being read
    admission      is a file uploaded, and where does it go?
    approvals      what waits for a person: existing files, bursts, uploads above a limit
    budget         how many requests an account may make now
    claims         asks the shared ledger before an upload, and tells it the result
    upload         starts uploads; what follows from their answers
    questions      has this upload arrived, what is this source called?
    tracker        what became of the uploads that have arrived
    follow_up      when to ask about an upload, and what the answer means; pure
    profile_lists  finds profiles in HrFlow's lists, one or many at once
    housekeeping   files away what is done, runs hooks, deletes old history
"""
