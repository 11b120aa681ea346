"""Messages in the person's language."""
