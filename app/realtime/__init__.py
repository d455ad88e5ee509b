"""The thin asyncio shells around the pure cores of `app.sockets`."""
