"""The conversation: one turn over the waiting messages of one conversation."""
