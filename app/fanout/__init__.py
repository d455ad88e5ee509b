"""What processes say to each other through Redis: close requests on a channel, tasks on queues.

Nothing here is certain to arrive, and nothing depends on it: PostgreSQL's closure log is. The message is
described for other languages in docs/asyncapi.yaml.
"""
