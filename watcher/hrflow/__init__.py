"""Talking to HrFlow: one call, one request, one Outcome or ProfileAnswer. Never a retry in here.

::

    client        the requests for one account
    answers       what HrFlow's answers mean; pure
    body          the body of an upload, read from disk while it is sent
    transport     one request: connections, trust, time-outs
    proxy         the proxy on the way
    rate_limiter  how many requests an account may make; pure
    endpoint      the API's server as this machine sees it, for the doctor
    webhook       a signed event out of a request to the webhook
"""
