"""Files: whole or not at all, never over one that is there, and one line on what cannot be read."""

import errno
import os
from pathlib import Path
from threading import Thread

import pytest

from grok_tui.errors import GrokTuiError
from grok_tui.files import (
    free_stem,
    present_folder,
    put_out,
    reason,
    replace_file,
    write_atomically,
    write_beside,
    write_new,
)


def full(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "write", [lambda path: replace_file(path, "new"), lambda p: write_atomically(p, b"new")]
)
def test_a_full_disk_leaves_what_was_there_and_nothing_else(tmp_path, monkeypatch, write):
    path = tmp_path / "file"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_put_in_place_leaves_nothing(tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(IsADirectoryError):
        replace_file(tmp_path / "file", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_users_file_is_replaced_behind_its_link_and_a_runs_file_instead_of_it(tmp_path):
    link, target = tmp_path / "deep" / "link", tmp_path / "target"
    replace_file(link, "made with its folder")
    assert link.read_text() == "made with its folder"
    link.unlink()
    link.symlink_to(target)
    replace_file(link, "through")
    assert link.is_symlink()
    assert target.read_text() == "through"
    write_atomically(link, b"instead")
    assert not link.is_symlink()
    assert target.read_text() == "through"


def test_two_threads_do_not_share_what_they_write_beside_a_file(tmp_path):
    found = []
    other = Thread(target=lambda: found.append(write_beside(tmp_path / "file", [b"theirs"])))
    ours = write_beside(tmp_path / "file", [b"ours"])
    other.start()
    other.join()
    assert ours.read_bytes() == b"ours"
    assert found[0].read_bytes() == b"theirs"


def test_a_new_file_is_never_written_over_one_that_is_there_nor_left_half_written(tmp_path):
    path = tmp_path / "new"

    def parts():
        yield "a"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_new(path, parts())
    assert not path.exists()
    write_new(path, ["a", "b\n"])
    assert path.read_text() == "ab\n"
    with pytest.raises(FileExistsError):
        write_new(path, ["c"])
    assert path.read_text() == "ab\n"


def test_a_stem_is_free_of_all_suffixes_and_of_what_file_systems_refuse(tmp_path):
    (tmp_path / "a_b-1.csv").touch()
    (tmp_path / "a_b-2.svg").touch()
    assert free_stem(tmp_path, "a/b", (".csv", ".svg")) == "a_b-3"
    assert free_stem(tmp_path, "..", (".csv",)) == "run-1"


class TestWhatAPersonNamed:
    def test_a_full_disk_leaves_it_as_it_was(self, tmp_path, monkeypatch):
        path = tmp_path / "report.xml"
        path.write_text("old")
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            put_out(path, b"new")
        assert path.read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    def test_it_keeps_its_rights_and_a_new_one_has_those_of_any_other(self, tmp_path):
        old, new, other = (tmp_path / name for name in ("old", "new", "other"))
        old.touch()
        old.chmod(0o640)
        other.touch()
        for path in (old, new):
            put_out(path, b"x")
        assert old.stat().st_mode & 0o777 == 0o640
        assert new.stat().st_mode == other.stat().st_mode

    def test_what_is_no_file_is_written_to(self, tmp_path):
        put_out(Path("/dev/null"), b"x")
        assert Path("/dev/null").is_char_device()
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        put_out(pipe, b"through")
        assert os.read(reader, 99) == b"through"
        os.close(reader)

    def test_a_link_leads_to_what_is_replaced(self, tmp_path):
        (tmp_path / "link").symlink_to(tmp_path / "target")
        put_out(tmp_path / "link", b"x")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "target").read_bytes() == b"x"


def test_reasons_are_a_few_words_in_lower_case():
    assert (
        reason(FileNotFoundError(errno.ENOENT, "No such file or directory", "x"))
        == "no such file or directory"
    )
    assert reason(OSError("Odd")) == reason(ValueError("Odd")) == "odd"


def test_a_present_folder_that_is_gone_is_told_of(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(GrokTuiError, match="present folder: no such file"):
        present_folder()
