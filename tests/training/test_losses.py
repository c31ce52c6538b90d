"""Distances of pictures: what they ask for, and of whom."""

import torch
import torch.nn.functional as F

from training.losses import lost_detail


def test_detail_is_lost_by_blur_and_by_whatever_else_is_there() -> None:
    torch.manual_seed(0)
    warped = torch.rand(1, 3, 64, 64) / 4
    target = warped.roll(1, dims=3)
    blurred = F.avg_pool2d(warped, 3, stride=1, padding=1)
    striped = warped + 0.1 * (torch.arange(64) % 2)
    kept, lost, made_up = (lost_detail(image, warped, target) for image in (warped, blurred, striped))
    assert kept == 0
    assert lost > 0.5 and made_up > 0.5
    # What this must outweigh: the blurred picture is nearer to the target than the sharp one, a pixel aside.
    assert (blurred - target).abs().mean() < (warped - target).abs().mean()


def test_nothing_is_asked_where_the_source_cannot_show_what_is_there() -> None:
    torch.manual_seed(0)
    warped = torch.rand(1, 3, 64, 64) / 4
    target = warped.clone()
    target[..., 32:] += 0.5
    result = warped.clone()
    result[..., 40:] = 0.5
    assert lost_detail(result, warped, target) < 0.01 * lost_detail(result, warped, warped)


def test_gradients_of_detail_reach_the_result_alone() -> None:
    result, warped = torch.rand(1, 3, 32, 32, requires_grad=True), torch.rand(1, 3, 32, 32, requires_grad=True)
    lost_detail(result, warped, torch.rand(1, 3, 32, 32)).backward()
    assert result.grad is not None and result.grad.abs().sum() > 0
    assert warped.grad is None
