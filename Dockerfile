# One image for every process: node, worker, beat and the one-shot migration differ in their command only.

FROM python:3.13.9-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/cutoff
ENV PATH=/opt/cutoff/bin:$PATH
WORKDIR /source
# The locks first: they change less often than the code, so this layer is kept.
COPY requirements/runtime.txt requirements/
RUN pip install --require-hashes --requirement requirements/runtime.txt
COPY . .
RUN pip install --no-deps --no-build-isolation --no-index . && pip uninstall --yes pip setuptools wheel

FROM python:3.13.9-slim-trixie
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin cutoff
COPY --from=build /opt/cutoff /opt/cutoff
ENV PATH=/opt/cutoff/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 CUTOFF_ENV=production
WORKDIR /tmp
USER 10001:10001
EXPOSE 8000
CMD ["cutoff", "node", "--host", "0.0.0.0", "--port", "8000"]
