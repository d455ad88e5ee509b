"""The `cutoff` command. `main` declares the commands; each one's work is in the module of its name.

`fleet` runs a whole installation as child processes of one command; `demo` ends credentials on it and watches.
"""
