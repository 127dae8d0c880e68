from sightline.sweep.locks import StorageLostError


def test_a_lost_storage_is_named_with_what_went_wrong_first():
    try:
        try:
            raise OSError("disk I/O error")
        except OSError as error:
            raise RuntimeError("an exception was raised during the commit\nand so on") from error
    except RuntimeError as error:
        found = StorageLostError.of("sqlite:///runs/sweeps.db", error)
    assert str(found) == (
        "sweep.storage sqlite:///runs/sweeps.db does not answer: disk I/O error; once it does, the same command goes on"
    )
