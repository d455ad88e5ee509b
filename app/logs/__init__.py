"""What a process says of itself: lines, and, where somebody collects them, traces (`app.logs.tracing`)."""

from app.logs.lines import set_up_logs, without_tokens

__all__ = ["set_up_logs", "without_tokens"]
