"""A revocation can be followed by its id, from the request over the worker to every node, in logs that tell no secret."""

from tests.observability.conftest import REQUEST_ID, Watched


def test_a_revocation_is_followed_by_its_id_through_every_process(watched: Watched):
    """B260."""
    first, second = watched.nodes
    of_it = {
        process.name: [
            line for line in watched.lines(process) if line.get("revocation_id") == watched.revocation_id
        ]
        for process in (first, second, watched.worker)
    }
    (request,) = [line for line in of_it["node-1"] if line["event"] == "request"]
    assert (request["request_id"], request["node"], request["status"]) == (REQUEST_ID, "node-1", 200)
    (performed,) = of_it["worker"]
    assert (performed["event"], performed["kind"], performed["closures"]) == (
        "revocation_performed",
        "session_revoke",
        1,
    )
    assert performed["worker"]
    for node in ("node-1", "node-2"):
        (closed,) = [line for line in of_it[node] if line["event"] == "revocation_closed_here"]
        assert (closed["node"], closed["reason"], closed["sockets"]) == (node, "session_revoked", 1)
        assert len(closed["node_id"]) == 36
        assert 0 < closed["took_ms"] < 5000


def test_no_secret_is_in_a_log(watched: Watched):
    """B250."""
    for process in (*watched.nodes, watched.worker):
        for secret in watched.secrets:
            assert secret not in process.log
