"""What a user chose: theme, pace of drawing, keys and layout, kept as TOML in the XDG config folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from platformdirs import user_config_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from grok_tui.catalog.base import nearest
from grok_tui.errors import GrokTuiError
from grok_tui.files import reason, replace_file
from grok_tui.reading import read_toml
from grok_tui.tui.keys.keymap import wrong_keys

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

WeightsView = Literal["trajectories", "bars", "heatmap"]

LARGEST_FILE = 1_000_000  # bytes; settings are a page of text
LOCAL_FPS = 4
REMOTE_FPS = 2  # over SSH, where every frame goes over the wire
NARROWEST_PANEL, WIDEST_PANEL = 18, 60  # columns


class SettingsError(GrokTuiError):
    """The settings cannot be kept: where, and why."""


class _Table(BaseModel):
    """A table of the file; its attributes' docstrings say what they are for."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True, use_attribute_docstrings=True)


class Layout(_Table):
    """How the live screen is laid out."""

    charts: Annotated[list[str], Field(min_length=1, max_length=9)] | None = None
    """The charts that are shown, in reading order: accuracy, loss, weights, pairs, margins, norms, update,
    update_in_lr or measure:NAME; without it, those that each preset is about."""

    panel_width: int = Field(default=30, ge=NARROWEST_PANEL, le=WIDEST_PANEL)
    """Columns of the parameter panel."""

    weights_view: WeightsView = "trajectories"
    """How the weights are drawn at first."""

    @field_validator("charts")
    @classmethod
    def _are_charts(cls, charts: list[str] | None) -> list[str] | None:
        from grok_tui.frontend.charts_of_runs import CHARTS, MEASURE

        for chart in charts or []:
            if chart not in CHARTS and not chart.startswith(MEASURE):
                raise ValueError(f"unknown chart '{chart}'{nearest(chart, list(CHARTS))}")
        return charts


class UserSettings(_Table):
    """All settings; every one has a default, so that an empty file is a good file."""

    theme: str = "grok-dark"
    """Name of the theme."""

    fps: Annotated[int, Field(ge=1, le=30)] | Literal["auto"] = "auto"
    """Most frames a second that charts are drawn; auto: 4, and 2 over SSH."""

    charset: Literal["auto", "braille", "blocks", "ascii"] = "auto"
    """Characters of charts: braille is finest, blocks suit fonts without braille, ascii suits any font."""

    switch_state: Literal["fresh", "kept"] = "fresh"
    """Whether a switch back to an optimizer starts it anew or takes up the state it had when it last ran."""

    layout: Layout = Layout()
    """How the live screen is laid out."""

    keymap: dict[str, str] = Field(default_factory=dict)
    """Keys by action, as in "optimizer.swap" = "s"; several are separated by commas."""


class Loaded(NamedTuple):
    """UserSettings as the file has them, and a line for everything in it that could not be used."""

    settings: UserSettings
    problems: tuple[str, ...]


def settings_file() -> Path:
    """Return where the settings are kept; the file need not exist."""
    return user_config_path("grok-tui") / "settings.toml"


def frames_per_second(settings: UserSettings) -> int:
    """Return the most frames a second that charts are drawn here."""
    if settings.fps != "auto":
        return settings.fps
    return REMOTE_FPS if os.environ.get("SSH_CONNECTION") else LOCAL_FPS


def load(path: Path | None = None) -> Loaded:
    """Read the settings; what cannot be used keeps its default and is told of, and nothing is raised."""
    path = path or settings_file()
    try:
        table = read_toml(path, LARGEST_FILE, "settings")
    except FileNotFoundError:
        return Loaded(UserSettings(), ())
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        return Loaded(UserSettings(), (f"{path}: {why}; using the defaults",))
    problems = [f"{path}: {problem}" for problem in _prune(table, UserSettings)]
    settings = UserSettings.model_validate(table)
    wrong = dict(wrong_keys(settings.keymap))
    problems += [f"{path}: keymap.{action}: {problem}" for action, problem in wrong.items()]
    settings.keymap = {action: keys for action, keys in settings.keymap.items() if action not in wrong}
    return Loaded(settings, tuple(problems))


def save(settings: UserSettings, path: Path | None = None) -> None:
    """Write the settings in one stroke, keeping the file's comments and whatever it says besides.

    Only what differs from what the file means is changed in it: a value that could not be used stays for its
    author to mend. A file that is not TOML is set aside as `settings.toml.broken`.

    Raises:
        SettingsError: the folder or the file cannot be written.
    """
    path = path or settings_file()
    try:
        before = load(path).settings
        document = _document(path)
        _lay_over(document, settings, before)
        replace_file(path, document.as_string())
    except OSError as error:
        raise SettingsError(f"{path}: settings not kept: {reason(error)}") from None


def _prune(table: dict[str, Any], model: type[_Table], above: str = "") -> Iterator[str]:
    """Take out of a table what `model` cannot use, and yield a line for each."""
    for key in list(table):
        name = f"{above}{key}"
        if key not in model.model_fields:
            del table[key]
            yield f"unknown setting '{name}'{nearest(key, list(model.model_fields))}"
            continue
        inner = model.model_fields[key].annotation
        if isinstance(inner, type) and issubclass(inner, _Table) and isinstance(table[key], dict):
            yield from _prune(table[key], inner, f"{name}.")
            continue
        try:
            model.model_validate({key: table[key]})
        except ValidationError as error:
            from grok_tui.presets.problems import explain  # with all of presets, which takes a while

            del table[key]
            yield f"{name}: {explain(error, None)[1]}"


def _document(path: Path) -> TOMLDocument:
    """Return the file as it stands, or an empty document; one that is not TOML is set aside."""
    import tomlkit
    from tomlkit.exceptions import ParseError

    try:
        return tomlkit.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    except (ParseError, UnicodeDecodeError, RecursionError):
        path.replace(path.with_name(f"{path.name}.broken"))
    return tomlkit.document()


def _lay_over(document: Any, settings: _Table, before: _Table) -> None:
    """Put the settings that are not as before into the document."""
    import tomlkit

    for name in type(settings).model_fields:
        value, old = getattr(settings, name), getattr(before, name)
        if value == old:
            continue
        if isinstance(value, _Table):
            if not isinstance(document.get(name), dict):
                document[name] = tomlkit.table()
            _lay_over(document[name], value, old)
        else:
            document[name] = value
