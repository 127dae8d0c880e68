from sightline.machine.file_lock import try_lock


def test_one_holds_it_and_its_end_lets_it_go(tmp_path):
    with (tmp_path / "file").open("w") as first, (tmp_path / "file").open() as second:
        assert try_lock(first.fileno())
        assert not try_lock(second.fileno())
        first.close()
        assert try_lock(second.fileno())


def test_a_drive_without_locks_gives_none(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with (tmp_path / "file").open("w") as stream:
        assert not try_lock(stream.fileno())
