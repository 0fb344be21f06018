"""Attention whose scores are masked before the softmax: with infinities, or with numbers that no code can hold."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from float_networks import Net, captured, faithful
from torch import Tensor, nn

from tlm.inputs.errors import BadInput

FUTURE = torch.ones(5, 5).triu(1).bool()
INFINITE = torch.zeros(5, 5).masked_fill(FUTURE, float("-inf"))

MASKS: dict[str, Callable[[Tensor], Tensor]] = {
    "masked_fill": lambda scores: scores.masked_fill(FUTURE, float("-inf")).softmax(-1),
    "a large number": lambda scores: scores.masked_fill(FUTURE, -1e9).softmax(-1),
    "the least number": lambda scores: F.softmax(torch.where(FUTURE, torch.finfo(torch.float32).min, scores), -1),
    "added": lambda scores: (scores + INFINITE).softmax(-1),
    "added, and moved": lambda scores: (scores + FUTURE * -1e4).unsqueeze(1).contiguous().softmax(-1).squeeze(1),
    "by hand": lambda scores: hand_made(scores.masked_fill(FUTURE, float("-inf"))),
}


def hand_made(scores: Tensor) -> Tensor:
    powers = (scores - scores.amax(-1, keepdim=True)).exp()
    return powers / powers.sum(-1, keepdim=True)


@pytest.mark.parametrize("name", MASKS)
def test_a_mask_is_part_of_the_softmax_behind_it(name: str) -> None:
    def attention(net: Net, x: Tensor) -> Tensor:
        query, key, value = net.qkv(x).chunk(3, -1)
        return net.out(MASKS[name](query @ key.transpose(1, 2)) @ value)

    torch.manual_seed(3)
    workload = faithful(Net(attention, qkv=nn.Linear(4, 12), out=nn.Linear(4, 4)), (5, 4))
    assert not [layer.name for layer in workload.layers if "mask" in layer.name or layer.name == "add"]


def test_an_offset_is_no_mask() -> None:
    torch.manual_seed(3)
    workload, _ = captured(Net(lambda net, x: net.a(x) + 1e6, a=nn.Linear(4, 4)), (4,))
    assert [layer.kind for layer in workload.layers] == ["fc"]


def test_a_network_that_ends_in_a_mask_is_refused() -> None:
    with pytest.raises(BadInput, match="gives what a mask puts in"):
        captured(Net(lambda net, x: net.a(x).masked_fill(FUTURE[0], float("-inf")), a=nn.Linear(4, 5)), (4,))
