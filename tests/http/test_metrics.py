from app.http.api import build_api
from tests.http.parts import client_of, deps_without_database


async def test_metrics_show_the_node_and_the_requests_by_route_and_never_by_address():
    async with client_of(build_api(deps_without_database())) as client:
        await client.get("/livez")
        await client.get("/some/secret/path")
        shown = (await client.get("/metrics")).text
    assert "cutoff_node_current 1.0" in shown
    assert 'cutoff_http_requests_total{method="GET",route="/livez",status="200"}' in shown
    assert "secret" not in shown
