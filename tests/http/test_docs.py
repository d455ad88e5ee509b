import re

from app.http.api import build_api
from app.http.docs import STATIC
from tests.http.parts import client_of, deps_without_database


async def test_the_docs_load_everything_from_here_and_run_no_inline_script():
    async with client_of(build_api(deps_without_database())) as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(loaded) == 4
        for address in loaded:
            assert address.startswith("/")
            assert (await client.get(address)).status_code == 200
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*src=)", page.text)


def test_what_is_vendored_has_its_licence_and_version_beside_it():
    vendored = STATIC / "swagger-ui"
    assert "Apache License" in (vendored / "LICENSE").read_text()
    assert "5.35.0" in (vendored / "VERSION").read_text()
