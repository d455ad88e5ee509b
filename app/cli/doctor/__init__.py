"""`cutoff doctor`: is it really off? Looks at every part that the promise stands on, and says what to do.

`examination` goes through them; `database`, `nodes`, `bus`, `queue` and `configuration` each judge one; `report` prints.
"""
