"""What several parts need of the system: files replaced at once, hosts that are this machine."""
