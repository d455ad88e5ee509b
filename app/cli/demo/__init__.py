"""`cutoff demo`: real accounts, real sockets on different nodes, and every way in which a credential ends."""
