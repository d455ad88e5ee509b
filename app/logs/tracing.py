"""Traces, for whoever collects them: off, and nothing imported, without `OTEL_EXPORTER_OTLP_ENDPOINT` and the extra `otel`.

Where one process takes up what another began, W3C's `traceparent` says so: in a request's header, in a task's, and in a
revocation's row, from which nodes and sweeps take it. Attributes are ids, words and numbers; never a token.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import structlog

from app.config import Settings

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

__all__ = [
    "Attribute",
    "Noted",
    "is_tracing",
    "record_span",
    "set_up_tracing",
    "span",
    "stop_tracing",
    "traceparent",
]

STOP_WITHIN_S = 2.0
"""A collector that does not answer keeps no process."""
NANOSECONDS = 1_000_000_000

Attribute: TypeAlias = str | int | float | bool | None

_log = structlog.get_logger(__name__)


class Noted(Protocol):
    """A span that has begun."""

    def note(self, **attributes: Attribute) -> None:
        """It has these attributes as well; those that are None are left out."""
        ...

    def rename(self, name: str) -> None:
        """It is called that."""
        ...


def set_up_tracing(settings: Settings, *, service: str, instance: str) -> None:
    """Spans go to the collector that the settings name; without one, or without the extra, nothing happens."""
    stop_tracing()
    if settings.tracing_endpoint is None:
        return
    try:
        _ACTIVE.append(_Active.start(service, instance))
    except ImportError:
        _log.warning("tracing_off", why="OpenTelemetry is not installed: pip install 'cutoff[otel]'")


def stop_tracing() -> None:
    """What has ended has been sent, or has had its time; may be called twice."""
    while _ACTIVE:
        sending = threading.Thread(target=_ACTIVE.pop().provider.shutdown, daemon=True)
        sending.start()
        sending.join(STOP_WITHIN_S)


def is_tracing() -> bool:
    """Whether anybody collects."""
    return bool(_ACTIVE)


def span(
    name: str, *, kind: str = "internal", parent: str | None = None, **attributes: Attribute
) -> AbstractContextManager[Noted]:
    """What runs inside is a span, below the current one, or below `parent` (a `traceparent`) where none is."""
    return _ACTIVE[-1].span(name, kind, parent, attributes) if _ACTIVE else _OFF


def traceparent() -> str | None:
    """Who the current span is, for another process to take up; None where there is none."""
    return _ACTIVE[-1].traceparent() if _ACTIVE else None


def record_span(
    name: str, *, parent: str, began_at: datetime, ended_at: datetime, **attributes: Attribute
) -> None:
    """What has happened between those instants is a span below `parent`."""
    if _ACTIVE:
        _ACTIVE[-1].record(name, parent, (began_at, ended_at), attributes)


class _Nothing:
    def note(self, **attributes: Attribute) -> None:
        """Nobody collects."""

    def rename(self, name: str) -> None:
        """Nobody collects."""


_OFF = nullcontext(_Nothing())


@dataclass(frozen=True, slots=True)
class _Active:
    """OpenTelemetry, in a process that has it."""

    provider: "TracerProvider"
    tracer: "Tracer"

    @classmethod
    def start(cls, service: str, instance: str) -> "_Active":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        resource = Resource.create({"service.name": service, "service.instance.id": instance})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider, provider.get_tracer("cutoff"))

    @contextmanager
    def span(
        self, name: str, kind: str, parent: str | None, attributes: dict[str, Attribute]
    ) -> Iterator["_Span"]:
        from opentelemetry.trace import SpanKind  # noqa: PLC0415

        with self.tracer.start_as_current_span(
            name,
            context=self._context(parent),
            kind=SpanKind[kind.upper()],
            attributes=_told(attributes),
            # The text of an error may hold what must not be told; its type does not.
            record_exception=False,
            set_status_on_exception=False,
        ) as begun:
            try:
                yield _Span(begun)
            except BaseException as error:
                begun.set_attribute("error.type", type(error).__name__)
                raise

    def traceparent(self) -> str | None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier)
        return carrier.get("traceparent")

    def record(
        self, name: str, parent: str, between: tuple[datetime, datetime], attributes: dict[str, Attribute]
    ) -> None:
        began, ended = (round(instant.timestamp() * NANOSECONDS) for instant in between)
        recorded = self.tracer.start_span(
            name, context=_context_of(parent), start_time=began, attributes=_told(attributes)
        )
        recorded.end(max(began, ended))

    def _context(self, parent: str | None) -> "Context | None":
        from opentelemetry.trace import get_current_span  # noqa: PLC0415

        if parent is None or get_current_span().get_span_context().is_valid:
            return None
        return _context_of(parent)


@dataclass(frozen=True, slots=True)
class _Span:
    begun: Any

    def note(self, **attributes: Attribute) -> None:
        self.begun.set_attributes(_told(attributes))

    def rename(self, name: str) -> None:
        self.begun.update_name(name)


def _context_of(parent: str) -> "Context":
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    return TraceContextTextMapPropagator().extract({"traceparent": parent}, context=Context())


def _told(attributes: dict[str, Attribute]) -> dict[str, str | int | float | bool]:
    return {name.replace("__", "."): value for name, value in attributes.items() if value is not None}


_ACTIVE: list[_Active] = []
