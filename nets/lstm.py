"""An LSTM that reads a 28x28 image of one channel row by row: 24 thousand weights."""

from __future__ import annotations

from torch import Tensor, nn

from nets.building import with_example


class RowReader(nn.Module):
    """A time step a row; what the last one left is decoded into scores."""

    def __init__(self, columns: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(columns, hidden, batch_first=True)
        self.decoder = nn.Linear(hidden, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Images `[N, 1, rows, columns]` to scores `[N, classes]`."""
        states = self.lstm(images.squeeze(1))[0]
        scores: Tensor = self.decoder(states[:, -1])
        return scores


def build(hidden: int = 64) -> RowReader:
    """Untrained; `example_input` is `[1, 1, 28, 28]`; `hidden` units."""
    return with_example(RowReader(28, hidden, 10), 1, 28, 28)
