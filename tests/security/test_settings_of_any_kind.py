"""Whatever the environment holds: settings, or one sentence that names the variable and repeats no secret."""

import os
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import Settings, SettingsError, load_settings

VARIABLES = [
    str(field.validation_alias or f"CUTOFF_{name.upper()}") for name, field in Settings.model_fields.items()
]
SECRETS = ("CUTOFF_BUS_KEY", "CUTOFF_BUS_KEY_PREVIOUS", "CUTOFF_DAEMON_TOKEN")
# What an environment can hold: no NUL, and text that the system's encoding knows.
values = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
likely = st.sampled_from(
    ["", "0", "-1", "nan", "inf", "1e400", "1", "3.5", "true", "production", "10.0.0.0/99"]
)


@given(st.dictionaries(st.sampled_from(VARIABLES), values | likely, max_size=4))
def test_they_are_settings_or_one_sentence_that_names_the_variable(changed: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as environment:
        for variable in [each for each in os.environ if each.startswith("CUTOFF_")]:
            environment.delenv(variable)
        for variable, value in {"DATABASE_URL": "x", "REDIS_URL": "x", **changed}.items():
            environment.setenv(variable, value)
        settings = _loaded()
    if isinstance(settings, str):
        assert any(variable in settings for variable in changed), settings
        assert "\n" not in settings
        return
    assert settings.lease > settings.tail_interval > timedelta(0)
    assert settings.poll_timeout < settings.lease
    shown = repr(settings)
    for variable in SECRETS:
        secret = changed.get(variable, "")
        assert len(secret) < 8 or secret not in shown


def _loaded() -> Settings | str:
    try:
        return load_settings()
    except SettingsError as error:
        return str(error)
