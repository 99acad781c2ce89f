"""Whether it is right: contracts as vectorised checks, quarantine, what must add up."""
