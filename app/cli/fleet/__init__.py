"""A whole installation on this machine: servers, nodes, worker and beat, each a process that ends with ours."""

from app.cli.fleet.fleet import Fleet, NodeAddress, running_fleet

__all__ = ["Fleet", "NodeAddress", "running_fleet"]
