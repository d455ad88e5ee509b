"""Cutoff beside its floor and its peers, on one machine, in one run.

`benchmark` says what one is, `running` plays its subjects in turn, `report` prints what came of it. `cases` has one
file a benchmark. `stacks` starts what is compared: our fleet, a hand-written baseline without any guarantee, and (with
`--peers`) what others offer; `peers` has their servers. `crowd` holds sockets in a process of its own, `senders` asks
for closes in another. `guard` is the short one that a merge has to pass.

What counts is the ratio of medians within a run. Absolute figures hold for one machine on one day.
"""
