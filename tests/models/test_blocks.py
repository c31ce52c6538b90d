"""What a cheaper block computes, told by a costlier one."""

import torch
from torch import nn

from models.blocks import Rise, SummedRise


def test_added_skips_are_joined_ones_of_the_rank_of_their_width() -> None:
    coarse, fine = 10, 6
    summed, joined = SummedRise(coarse, fine).eval(), Rise(coarse, fine).eval()
    convolution, norm, _ = summed.join
    own, own_norm, _ = joined
    assert isinstance(convolution, nn.Conv2d) and isinstance(own, nn.Conv2d) and summed.below.bias is not None
    with torch.no_grad():
        narrowed = torch.cat([summed.below.weight, summed.skip.weight], dim=1)[:, :, 0, 0]  # fine coarse+fine
        own.weight.copy_(torch.einsum("omhw,mi->oihw", convolution.weight, narrowed))
        assert own.bias is not None and convolution.bias is not None
        own.bias.copy_(convolution.bias + convolution.weight.sum(dim=(2, 3)) @ summed.below.bias)
    own_norm.load_state_dict(norm.state_dict())
    below, skip = torch.randn(2, coarse, 5, 5), torch.randn(2, fine, 10, 10)
    with torch.inference_mode():
        found, expected = summed(below, skip), joined(below, skip)
    inside = (..., slice(1, -1), slice(1, -1))  # at the rim one pads what the other has narrowed
    torch.testing.assert_close(found[inside], expected[inside])
    assert found.shape == expected.shape == (2, fine, 10, 10)
