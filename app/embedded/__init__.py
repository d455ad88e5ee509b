"""A private PostgreSQL and Valkey for a laptop, the demo and the tests; never in production.

`running` gives the addresses of a pair: those in `DATABASE_URL` and `REDIS_URL` where they are set, else those of an
instance that another command of this checkout runs already, else its own. `start_postgres` and `start_redis` give
single servers that can be killed, frozen and started again, for whoever tests what happens then. Every server ends
with the process that started it, also when that is killed. Linux only, as root or not.
"""

from app.embedded.instance import Servers, running
from app.embedded.postgres import PostgresServer, start_postgres
from app.embedded.problems import EmbeddedServersRefused
from app.embedded.redis import RedisServer, start_redis
from app.embedded.runtime_folder import scratch_folder

__all__ = [
    "EmbeddedServersRefused",
    "PostgresServer",
    "RedisServer",
    "Servers",
    "running",
    "scratch_folder",
    "start_postgres",
    "start_redis",
]
