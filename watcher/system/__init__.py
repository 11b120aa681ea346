"""What several packages need of the system: atomic writes, and which hosts are this machine."""
