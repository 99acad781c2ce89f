"""One module a command of `touchline`. They import what they need when they run, so that `--help` is instant."""
