"""UserSettings: what a file means, what becomes of a bad one, and what saving leaves in it."""

import errno
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grok_tui.tui.settings import SettingsError, UserSettings, frames_per_second, load, save, settings_file


@pytest.fixture
def path(tmp_path):
    return tmp_path / "grok-tui" / "settings.toml"


def written(path, text: str):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return load(path)


def test_without_a_file_all_settings_are_the_defaults(path):
    assert load(path) == (UserSettings(), ())


def test_they_lie_in_the_xdg_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert settings_file() == tmp_path / "grok-tui" / "settings.toml"


def test_what_is_saved_is_loaded_again(path):
    chosen = UserSettings(theme="nord", fps=7, switch_state="kept", keymap={"optimizer.swap": "S"})
    chosen.layout.charts = ["weights", "measure:bias"]
    save(chosen, path)
    assert load(path) == (chosen, ())


def test_only_what_was_changed_is_written(path):
    save(UserSettings(theme="nord"), path)
    assert path.read_text() == 'theme = "nord"\n'


def test_saving_keeps_comments_unknown_keys_and_values_that_could_not_be_used(path):
    chosen, problems = written(path, '# mine\nfps = 99 # too many\ncolour = 1\ntheme = "nord"\n')
    assert len(problems) == 2
    chosen.theme = "grok-light"
    save(chosen, path)
    assert path.read_text() == '# mine\nfps = 99 # too many\ncolour = 1\ntheme = "grok-light"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("fps = 0", "fps: should be greater than or equal to 1, not 0"),
        ("layout.panel_width = 500", "layout.panel_width: should be less than or equal to 60, not 500"),
        ('layout.charts = ["acuracy"]', "layout.charts: unknown chart 'acuracy'; did you mean 'accuracy'?"),
        ('charset = "sextants"', "charset: unknown value 'sextants'"),
        ("layout = 3", "layout: should be a table, not 3"),
        ('them = "nord"', "unknown setting 'them'; did you mean 'theme'?"),
        ("layout.width = 3", "unknown setting 'layout.width'"),
        ('keymap."optimizer.swop" = "x"', "keymap.optimizer.swop: unknown action"),
        ('keymap."optimizer.swap" = "r"', "keymap.optimizer.swap: 'r' is the key of run.restart"),
        ('keymap."optimizer.swap" = "?"', "keymap.optimizer.swap: '?' is the key of explorer.help"),
        ('keymap."optimizer.swap" = ""', "keymap.optimizer.swap: '' is no key"),
    ],
)
def test_a_bad_entry_is_told_of_and_the_others_hold(path, text, problem):
    chosen, problems = written(path, f'theme = "nord"\n{text}\n')
    assert chosen == UserSettings(theme="nord")
    assert len(problems) == 1
    assert problems[0].startswith(f"{path}: {problem}")


def test_two_actions_may_swap_their_keys(path):
    chosen, problems = written(path, '[keymap]\n"optimizer.swap" = "r"\n"run.restart" = "o,ctrl+o"\n')
    assert problems == ()
    assert chosen.keymap == {"optimizer.swap": "r", "run.restart": "o,ctrl+o"}


@pytest.mark.parametrize("content", [b"= no", b"\xff\xfe\x00", b"[" * 5000])
def test_a_broken_file_gives_the_defaults_and_is_set_aside_when_settings_are_saved(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    chosen, problems = load(path)
    assert chosen == UserSettings()
    assert len(problems) == 1
    assert "using the defaults" in problems[0]
    save(UserSettings(theme="nord"), path)
    assert load(path) == (UserSettings(theme="nord"), ())
    assert path.with_name("settings.toml.broken").read_bytes() == content


def test_a_folder_in_place_of_the_file_is_no_crash(path):
    path.mkdir(parents=True)
    assert load(path).settings == UserSettings()
    with pytest.raises(SettingsError, match="is a directory"):
        save(UserSettings(theme="nord"), path)


def test_settings_that_cannot_be_kept_are_told_of_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="settings not kept: not a directory"):
        save(UserSettings(theme="nord"), tmp_path / "file" / "settings.toml")


def test_a_full_disk_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    save(UserSettings(theme="nord"), path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsError, match="no space left"):
        save(UserSettings(theme="grok-light"), path)
    assert [file.name for file in path.parent.iterdir()] == ["settings.toml"]
    assert load(path).settings.theme == "nord"


def test_a_link_to_the_settings_stays_a_link(path, tmp_path):
    path.parent.mkdir()
    path.symlink_to(tmp_path / "dotfiles.toml")
    save(UserSettings(theme="nord"), path)
    assert path.is_symlink()
    assert load(tmp_path / "dotfiles.toml").settings.theme == "nord"


def test_fewer_frames_go_over_ssh(monkeypatch):
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    here = frames_per_second(UserSettings())
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
    assert frames_per_second(UserSettings()) < here
    assert frames_per_second(UserSettings(fps=9)) == 9


def test_a_setting_out_of_bounds_cannot_be_assigned():
    chosen = UserSettings()
    with pytest.raises(ValueError, match="less than or equal"):
        chosen.layout.panel_width = 1000
    assert UserSettings().layout == chosen.layout


@given(
    st.one_of(
        st.binary(max_size=200), st.text("[]=\"'{}., \n#abtheme01layoutkeymap", max_size=200).map(str.encode)
    )
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_file_whatever_brings_the_program_down(tmp_path, content):
    path = tmp_path / "any.toml"
    path.write_bytes(content)
    chosen, _ = load(path)
    assert isinstance(chosen, UserSettings)
