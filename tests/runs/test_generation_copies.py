"""A generation is copied by the kernel, which may share its blocks; where it cannot, byte by byte, with the same end."""

import errno
import os

import pytest

from pipelines.night.whole_file import copy_file

BYTES = os.urandom(3_000_001)


def beyond(*_):
    raise OSError(errno.EXDEV, "other file system")


@pytest.mark.parametrize("content", [b"", BYTES], ids=["empty", "large"])
@pytest.mark.parametrize("kernel", [None, beyond, lambda *_: 0], ids=["copies", "refuses", "stops early"])
def test_the_copy_has_the_bytes(tmp_path, monkeypatch, kernel, content):
    if kernel is not None:
        monkeypatch.setattr(os, "copy_file_range", kernel)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content)
    target.write_bytes(b"an older and longer one" * 1_000_000)
    copy_file(source, target)
    assert target.read_bytes() == content


def test_the_copy_is_no_hard_link(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(BYTES)
    copy_file(source, target)
    with target.open("r+b") as opened:
        opened.write(b"changed")
    assert source.read_bytes() == BYTES


def test_without_the_kernels_call_it_is_copied_all_the_same(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "copy_file_range")
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(BYTES)
    copy_file(source, target)
    assert target.read_bytes() == BYTES
