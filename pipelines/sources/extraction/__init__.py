"""From a vendor's API to landed pages: what is asked for, how politely, and where it goes on after a crash."""
