"""docker-compose.yml is right without a Docker engine at hand: its form, its commands, its variables, its care."""

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from app.config import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("cutoff:")}
LONG_RUNNING = {name: service for name, service in SERVICES.items() if service["restart"] != "no"}
EXAMPLE = (ROOT / ".env.example").read_text()
REFERENCE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<rest>[^}]*)\}")
SECRET = re.compile(r"PASSWORD|KEY|TOKEN|SECRET|AUTH")
COMMAND_WITHIN_S = 30


def rendered(text: str) -> str:
    """As compose would, with every variable that it asks for set."""
    return REFERENCE.sub(lambda found: "x" * 40, text)


def environment_of(service: dict[str, Any]) -> dict[str, str]:
    return {name: rendered(value) for name, value in service["environment"].items() if value is not None}


def test_it_follows_the_compose_specification() -> None:
    schema = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    jsonschema.validate(COMPOSE, json.loads(schema.read_text()))


def test_it_has_every_part_of_the_system() -> None:
    assert set(SERVICES) == {"postgres", "redis", "migrate", "node-1", "node-2", "worker", "beat", "proxy"}


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_every_long_running_part_has_a_health_check_and_comes_back(name: str) -> None:
    service = LONG_RUNNING[name]
    assert {"test", "interval", "timeout", "retries"} <= set(service["healthcheck"])
    assert service["restart"] == "unless-stopped"
    assert "stop_grace_period" in service


@pytest.mark.parametrize("name", SERVICES)
def test_no_part_is_root_or_can_become_it_or_writes_where_it_need_not(name: str) -> None:
    service = SERVICES[name]
    assert str(service["user"]).split(":")[0] not in {"", "0", "root"}
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["read_only"] is True
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].rpartition(":")
    assert re.match(r"\d+\.\d+", tag), tag


def test_the_image_is_pinned_to_this_version_and_built_on_pinned_ones() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {service["image"] for service in OURS.values()} == {f"cutoff:{version}"}
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert all(re.search(r":\d+\.\d+\.\d+", base) for base in bases), bases


def test_the_image_does_not_run_as_root() -> None:
    assert re.findall(r"^USER (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[-1] == "10001:10001"


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_are_demanded_and_never_written_down(name: str) -> None:
    for variable, value in SERVICES[name].get("environment", {}).items():
        has_password = variable.endswith("_URL") and "@" in str(value)
        if value is None or not (SECRET.search(variable) or has_password):
            continue
        references = list(REFERENCE.finditer(value))
        assert references, f"{variable} is written down"
        assert all(found["rest"].startswith(":?") for found in references), variable


def test_only_the_port_has_a_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    lenient = {found["name"] for found in REFERENCE.finditer(text) if not found["rest"].startswith(":?")}
    assert lenient == {"CUTOFF_PUBLIC_PORT"}


def test_the_example_names_every_variable_that_can_be_set() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    asked = {found["name"] for found in REFERENCE.finditer(text)}
    passed_on = {
        name for service in OURS.values() for name, value in service["environment"].items() if value is None
    }
    assert set(re.findall(r"^#? ?([A-Z_]+)=", EXAMPLE, re.MULTILINE)) == asked | passed_on


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting_and_none_is_missing(name: str) -> None:
    known = {
        str(field.validation_alias or f"CUTOFF_{key.upper()}") for key, field in Settings.model_fields.items()
    }
    environment = SERVICES[name]["environment"]
    assert set(environment) <= known
    assert {"DATABASE_URL", "REDIS_URL", "CUTOFF_BUS_KEY", "CUTOFF_ENV"} <= set(environment)


@pytest.mark.parametrize("name", OURS)
def test_its_settings_are_accepted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [each for each in os.environ if each.startswith("CUTOFF_")]:
        monkeypatch.delenv(variable)
    for variable, value in environment_of(SERVICES[name]).items():
        monkeypatch.setenv(variable, value)
    assert Settings().env == "production"


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists_with_its_options(name: str) -> None:
    service = SERVICES[name]
    _assert_understood(service["command"], service)


@pytest.mark.parametrize("name", ["worker", "beat"])
def test_the_health_check_of_celery_exists_with_its_options(name: str) -> None:
    kind, line = SERVICES[name]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    _assert_understood(line.replace('"', "").split(), SERVICES[name])


def test_the_worker_takes_from_every_queue_that_tasks_are_sent_to() -> None:
    from app.fanout.task_queue import TASK_ROUTES

    command = SERVICES["worker"]["command"]
    listened = set(command[command.index("--queues") + 1].split(","))
    assert listened == {route["queue"] for route in TASK_ROUTES.values()}


def test_the_proxy_upgrades_and_knows_every_node_and_only_its_address_is_trusted() -> None:
    configuration = (ROOT / "deploy" / "nginx.conf").read_text()
    assert set(re.findall(r"server (node-\d+):8000", configuration)) == {
        name for name in SERVICES if "node" in name
    }
    assert "proxy_set_header Upgrade $http_upgrade;" in configuration
    address = SERVICES["proxy"]["networks"]["inside"]["ipv4_address"]
    assert SERVICES["node-1"]["environment"]["CUTOFF_TRUSTED_PROXIES"] == address


def _assert_understood(command: list[str], service: dict[str, Any]) -> None:
    """`--help` at the end: options are parsed, and a wrong one is refused, but nothing is started."""
    program = str(Path(sys.executable).parent / command[0])
    finished = subprocess.run(
        [program, *command[1:], "--help"],
        check=False,
        capture_output=True,
        text=True,
        timeout=COMMAND_WITHIN_S,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment_of(service)},
    )
    assert finished.returncode == 0, finished.stderr
