"""Starts what is compared. Every stack has two server processes, sockets in a third, and asks for closes in a fourth."""

from benchmarks.stacks.stack import Guest, Stack
from benchmarks.stacks.together import all_stacks, ours_and_subscriber

__all__ = ["Guest", "Stack", "all_stacks", "ours_and_subscriber"]
