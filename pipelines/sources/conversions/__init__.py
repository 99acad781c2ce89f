"""A source's way to write times, durations, numbers and words → the text that the contract's kinds accept."""
