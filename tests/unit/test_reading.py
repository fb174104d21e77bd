"""What people bring is read once and within bounds."""

import os

import pytest

from grok_tui.reading import DEEPEST, LARGEST_NUMBER, NotRegularError, open_regular, parse_toml, read_toml


def nested(depth):
    return f"a = {'[' * depth}{']' * depth}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = ", "is not TOML"),
        ("a = 1\na = 2", "is not TOML"),
        (f"a = {'9' * 5000}", "thousands of digits"),
        (f"[b]\nc = [1, {LARGEST_NUMBER + 1}]", r"b\.c\[1\]: a whole number of more than 64 bits"),
        (nested(DEEPEST + 1), "a.*: nests deeper than 16"),
        (nested(5000), "nests deeper than 16"),
    ],
)
def test_what_no_preset_needs_is_refused(text, problem):
    with pytest.raises(ValueError, match=problem):
        parse_toml(text)


@pytest.mark.parametrize("text", [nested(DEEPEST - 1), f"a = {-LARGEST_NUMBER}", "a = true", "a = inf", ""])
def test_what_lies_within_the_bounds_is_read(text):
    assert set(parse_toml(text)) <= {"a"}


class TestFiles:
    def test_a_file_and_a_link_to_it_are_read(self, tmp_path):
        (tmp_path / "a.toml").write_text("x = 1")
        (tmp_path / "b.toml").symlink_to(tmp_path / "a.toml")
        assert read_toml(tmp_path / "b.toml", 100, "test") == {"x": 1}

    def test_a_link_may_be_refused(self, tmp_path):
        (tmp_path / "a").touch()
        (tmp_path / "b").symlink_to(tmp_path / "a")
        open_regular(tmp_path / "b").close()
        with pytest.raises(OSError, match="symbolic links"):
            open_regular(tmp_path / "b", links=False)

    def test_nothing_waits_for_a_pipe_or_reads_a_device_or_a_folder(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        for path in (tmp_path / "pipe", tmp_path, "/dev/zero"):
            with pytest.raises(NotRegularError):
                open_regular(path)

    @pytest.mark.parametrize(
        ("content", "problem"),
        [(b"x = 1" + b" " * 1_000_000, "larger than 1 MB"), (b"x = '\xff'", "no.*text")],
    )
    def test_a_file_has_a_size_and_is_text(self, tmp_path, content, problem):
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(ValueError, match=problem):
            read_toml(tmp_path / "a", 1_000_000, "test")
