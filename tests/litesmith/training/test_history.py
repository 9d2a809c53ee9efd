from litesmith.records.record import EpochScores
from litesmith.training.history import history_csv


def test_a_history_becomes_a_table() -> None:
    columns = "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate\n"
    row = EpochScores(
        epoch=1, loss=0.5, accuracy=0.75, val_loss=0.6, val_accuracy=0.7, learning_rate=0.01
    )
    assert history_csv([row]) == f"{columns}1,0.5,0.75,0.6,0.7,0.01\n"
    assert history_csv([]) == columns
