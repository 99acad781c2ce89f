"""Erasing a person: who it is, what is remembered of it in keyed hashes, and its removal from everything that was kept."""
