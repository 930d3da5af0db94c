"""Writing files: whole or not at all, with the permissions of any other file, and nothing left beside them."""

import os
import stat
import sys
import threading

import pytest

from engine import files
from engine.files import write_whole


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def only(path):
    """Whether the file is the only thing in its folder."""
    return [p.name for p in path.parent.iterdir()] == [path.name]


def test_writing_again_replaces_the_file_and_leaves_nothing_beside_it(path):
    write_whole(path, b"first")
    write_whole(str(path), b"second")
    assert path.read_bytes() == b"second" and only(path)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o027, 0o077])
def test_a_new_file_has_the_permissions_that_the_umask_gives(path, mask):
    before = os.umask(mask)
    try:
        write_whole(path, b"")
    finally:
        os.umask(before)
    assert mode(path) == 0o666 & ~mask


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o666, 0o444])
def test_an_existing_file_keeps_its_permissions(path, bits):
    path.write_bytes(b"old")
    path.chmod(bits)
    write_whole(path, b"new")
    assert mode(path) == bits and path.read_bytes() == b"new"


def test_a_private_file_has_no_draft_that_others_can_read(path, monkeypatch):
    path.write_bytes(b"old")
    path.chmod(0o600)
    drafts = []

    class Watched:
        def __init__(self, name, how):
            self.file = open(name, how)  # noqa: SIM115  # closed in __exit__
            self.name = name

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, data):
            drafts.append(mode(self.name))

    monkeypatch.setattr(files, "open", Watched, raising=False)
    write_whole(path, b"secret")
    assert drafts == [0o600]


def test_the_umask_of_the_process_is_never_touched(path, monkeypatch):
    """Reading it means setting it, and in that moment another thread would make its files with it."""
    def refuse(mask):
        raise AssertionError("umask was set")

    monkeypatch.setattr(os, "umask", refuse)
    write_whole(path, b"1")
    write_whole(path, b"2")


def test_a_link_goes_on_pointing_at_the_file_that_was_replaced(path):
    target = path.with_name("target")
    target.write_bytes(b"old")
    path.symlink_to(target)
    write_whole(path, b"new")
    assert path.is_symlink() and target.read_bytes() == b"new"


def test_the_longest_name_that_a_folder_takes_can_be_written(tmp_path):
    for name in ("n" * 255, "ü" * 127):
        write_whole(tmp_path / name, b"1")
        assert (tmp_path / name).read_bytes() == b"1"


def test_threads_that_write_one_file_leave_one_of_their_versions(path):
    versions = [bytes([i]) * 100_000 for i in range(4)]
    threads = [threading.Thread(target=write_whole, args=(path, data)) for data in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in versions and only(path)


# --- what goes wrong ---

def test_a_folder_is_no_file(path):
    path.mkdir()
    with pytest.raises(OSError, match=r"Cannot write .*kept: Is a directory\."):
        write_whole(path, b"1")
    assert only(path)


def test_a_pipe_is_no_file(path):
    os.mkfifo(path)
    with pytest.raises(OSError, match=r"Cannot write .*kept: it is not a regular file\."):
        write_whole(path, b"1")


def test_a_folder_that_is_not_there_is_told_in_one_line(path):
    with pytest.raises(OSError, match=r"Cannot write .*inside: No such file or directory\."):
        write_whole(path / "inside", b"1")
    path.write_bytes(b"a file")
    with pytest.raises(OSError, match=r"Cannot write .*inside: Not a directory\."):
        write_whole(path / "inside", b"1")


@pytest.mark.skipif(os.geteuid() == 0, reason="everything is writable for root")
def test_an_unwritable_folder_is_told_in_one_line(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match=r"Cannot write .*: Permission denied\."):
        write_whole(tmp_path / "kept", b"1")


@pytest.mark.parametrize("step", ["open", "write", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full disk", "Ctrl-C"])
def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_no_draft(path, monkeypatch, step, error):
    write_whole(path, b"old")

    class Full:
        def __init__(self, name, how):
            self.file = open(name, how)  # noqa: SIM115  # closed in __exit__
            if step == "open":
                self.file.close()
                raise error

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, data):
            raise error

    def fail(*_):
        raise error

    if step == "replace":
        monkeypatch.setattr(os, "replace", fail)
    else:
        monkeypatch.setattr(files, "open", Full, raising=False)
    with pytest.raises(type(error)):
        write_whole(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old" and only(path)


def interrupted_at(line, work):
    """Do the work with a Ctrl-C at the given line of write_whole, counted as they are executed; whether it came so far."""
    left = line

    def watch(frame, event, _):
        nonlocal left
        if frame.f_code is not write_whole.__code__:
            return None
        if event == "line":
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        work()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("old", [None, b"old"])
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_an_interruption_at_any_line_leaves_the_old_file_or_the_new_one_and_no_draft(path, old):
    line = 0
    while True:
        path.unlink(missing_ok=True)
        if old is not None:
            path.write_bytes(old)
        came = interrupted_at(line, lambda: write_whole(path, b"new"))
        found = path.read_bytes() if path.exists() else None
        assert found in (old, b"new")
        assert [p.name for p in path.parent.iterdir()] == ([path.name] if found is not None else [])
        if not came:
            break
        line += 1
    assert line > 5 and found == b"new"
