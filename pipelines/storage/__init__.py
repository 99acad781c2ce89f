"""Bytes beyond this machine: object stores behind one small interface, and versions that become visible by a pointer."""
