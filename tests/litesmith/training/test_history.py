from litesmith.training.history import EpochScores, history_csv


def test_a_history_becomes_a_table() -> None:
    columns = "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate\n"
    row = EpochScores(1, 0.5, 0.75, 0.6, 0.7, 0.01)
    assert history_csv([row]) == f"{columns}1,0.5,0.75,0.6,0.7,0.01\n"
    assert history_csv([]) == columns
