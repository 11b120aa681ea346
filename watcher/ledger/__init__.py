"""The shared ledger: a PostgreSQL database that says which of many machines sends a content.

Only this package imports psycopg, and it is imported only where ``[ledger] url`` is set.
"""
