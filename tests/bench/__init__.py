"""Measurements that print and never fail a test: ``python -m tests.bench [NAME…]``."""
