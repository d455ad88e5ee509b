"""Django Channels with its pub/sub layer on uvicorn: each account is a group. `channels_server.py PORT`, with REDIS_URL."""

import os
import sys

import django
import uvicorn
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import re_path

LAYER = {
    "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
}
settings.configure(INSTALLED_APPS=["channels"], ALLOWED_HOSTS=["*"], CHANNEL_LAYERS={"default": LAYER})
django.setup()


class Consumer(AsyncWebsocketConsumer):
    """One socket."""

    async def connect(self) -> None:
        """It is in the group of its account."""
        self.group = self.scope["query_string"].partition(b"=")[2].decode()
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()
        await self.send(text_data="ready")

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """An echo."""
        await self.send(text_data=text_data, bytes_data=bytes_data)

    async def disconnect(self, _code: int) -> None:
        """It is not in the group any more."""
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def force_close(self, event: dict[str, object]) -> None:
        """Somebody has asked for it."""
        await self.close(code=event["code"])


app = ProtocolTypeRouter({"websocket": URLRouter([re_path(r".*", Consumer.as_asgi())])})

if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        ws="websockets-sansio",
        loop="uvloop",
        lifespan="off",
        log_level="error",
        access_log=False,
        backlog=4096,
    )
