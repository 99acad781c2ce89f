"""`touchline doctor`'s checks: small functions that look at a workspace and change nothing.

Each yields findings: what was looked at, whether it is in order, and what to mend when it is not.
"""
