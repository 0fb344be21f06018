"""Bi-LSTM caption generator (Wang et al. 2016, multi_Bi_LSTM of the authors' Caffe): 48 million weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nets.building import with_example

WORDS = 2029
HIDDEN = 1000
FEATURES = 1000


class Direction(nn.Module):
    """Two stacked LSTMs; the second reads the first beside the image's features."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(WORDS, HIDDEN, bias=False)
        self.lstm1 = nn.LSTM(HIDDEN, HIDDEN, batch_first=True)
        self.lstm2 = nn.LSTM(HIDDEN + FEATURES, HIDDEN, batch_first=True)
        self.predict = nn.Linear(HIDDEN, WORDS)

    def forward(self, words: Tensor, image: Tensor) -> Tensor:
        """Words `[N, steps, 2029]` and features `[N, steps, 1000]` to scores `[N, steps, 2029]`."""
        states = self.lstm1(self.embed(words))[0]
        states = self.lstm2(torch.cat([states, image], dim=2))[0]
        scores: Tensor = self.predict(states)
        return scores


class BiLSTM(nn.Module):
    """A sentence read forwards and backwards, each direction with weights of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.forwards = Direction()
        self.backwards = Direction()

    def forward(self, sentence: Tensor) -> Tensor:
        """Sentences `[N, steps, 2029 + 1000]` to the next word's scores `[N, 2, steps, 2029]`.

        A step is its word, one value of the 2029 being 1, and beside it the image's 1000 features.
        """
        words, image = sentence[:, :, :WORDS], sentence[:, :, WORDS:]
        found = self.forwards(words, image), self.backwards(words.flip(1), image)
        return torch.stack(found, dim=1)


def build(steps: int = 1) -> BiLSTM:
    """Untrained; `example_input` is `[1, steps, 3029]`.

    The image's features go through the gates again at every step, where Caffe multiplies them once an image.
    """
    return with_example(BiLSTM(), steps, WORDS + FEATURES)
