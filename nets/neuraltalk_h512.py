"""NeuralTalk's caption generator (Karpathy and Fei-Fei 2015) with 512 hidden units: 5.5 million weights."""

from __future__ import annotations

from torch import Tensor, nn

from nets.building import with_example

FEATURES = 4096
WORDS = 2538


class CaptionStep(nn.Module):
    """One time step: the encoded image is the first thing that the LSTM reads.

    Later steps read a word's embedding of the same size, so their gates and decoder are the same work.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.encoder = nn.Linear(FEATURES, hidden)
        self.lstm = nn.LSTM(hidden, hidden, batch_first=True)
        self.decoder = nn.Linear(hidden, WORDS)

    def forward(self, features: Tensor) -> Tensor:
        """Features of images `[N, 4096]` to a score for every word, `[N, 2538]`."""
        states = self.lstm(self.encoder(features).unsqueeze(1))[0]
        scores: Tensor = self.decoder(states[:, -1])
        return scores


def build(hidden: int = 512) -> CaptionStep:
    """Untrained; `example_input` is `[1, 4096]`, what a convolutional network's fc7 says of an image.

    The vocabulary is Flickr8k's. The embedding of the words, a look-up, is left out.
    """
    return with_example(CaptionStep(hidden), FEATURES)
