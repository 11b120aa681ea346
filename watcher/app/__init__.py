"""The program put together: lock, threads, clock, signals, and what a command may ask of it."""
