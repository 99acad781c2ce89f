"""Kinds of source: how files of the outside world become rows of text."""
