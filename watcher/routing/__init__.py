"""Where a document goes: rules, patterns, placeholders. Pure."""
