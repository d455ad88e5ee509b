"""Cutoff: revocation that reaches the socket. The map; no code.

Processes: a *node* (`cutoff node`, app.asgi) serves the HTTP API and holds sockets; a *worker*
(`celery -A worker worker`) performs revocations; *beat* (`celery -A worker beat`) wakes the sweeps.

Who may import whom, downwards only, neighbours not at all:

    asgi | cli
    embedded | http | realtime
    bridge
    operations
    data | fanout | sockets
    domain
    clock | config

How a revocation travels: `http` commits a row (`operations`) and sends a task by its name (`fanout.task_queue`);
`worker.tasks` calls `operations.perform`, which ends the credential in one transaction, in which the triggers of
`data/migrations/sql` append to the closure log; after the commit it publishes (`fanout.publisher`). Each node hears
it (`fanout.subscriber`) or reads it from the log (`realtime.tail`), and its registry (`sockets.registry`) shuts the
gates at once; `realtime` then tells the peers. Nodes report, and `operations.settle_receipts` says when it is proven.
"""
