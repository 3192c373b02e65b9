"""The data that a motion predictor is trained on."""

import pytest
from dragkit.kernels.motion.prediction import SIDE
from dragkit.standalone.pictures import to_pil
from dragkit.standalone.scenes.photographs import photograph
from dragkit.standalone.train.data_errors import DataError
from dragkit.standalone.train.motion_data import open_data


def test_folders_of_pictures(tmp_path, capsys):
    to_pil(photograph("rocket")).save(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_text("no picture")
    data = open_data(tmp_path)
    assert data.skipped == 1 and "b.jpg" in capsys.readouterr().err
    assert data[0][0].shape == (6, SIDE, SIDE)
    (tmp_path / "a.png").unlink()
    with pytest.raises(DataError, match="none of the pictures"):
        open_data(tmp_path)
    (tmp_path / "b.jpg").unlink()
    with pytest.raises(DataError, match="holds neither videos"):
        open_data(tmp_path)
