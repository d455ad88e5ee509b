"""The HTTP face: routes, identity, problems. The one place where errors become status codes.

`api.build_api` puts it together; a file per resource (`routes_sessions.py` …) with its shapes beside it
(`schemas_sessions.py` …). Everything that revokes goes through `revoking.py`.
`pages/` is what people look at, made of the same operations; its map says how to add one.
"""
