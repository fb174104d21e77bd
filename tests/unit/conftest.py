"""What the unit tests share: presets as files."""

from collections.abc import Callable

import pytest


@pytest.fixture
def write(tmp_path) -> Callable[..., str]:
    """Write a preset into the test's folder; return its path."""

    def write(text: str, name: str = "p.toml") -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    return write
