"""The arrangement for runtimes gives what the trained network gives."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from export.graphs import fold_batch_norm
from models import PRESETS, build_network
from models.config import LiveConfig
from models.keypoint_detector import LiveKeypointDetector
from models.live_inference import KeypointInference, TransferInference
from models.live_transfer import Context, LiveMotionTransfer, displacement_at, enlarged, interpolation, warp


@pytest.mark.parametrize(("preset", "size"), [("live-xs", 128), ("live-s", 256), ("live-xs", 512)])
def test_result_is_that_of_the_trained_network(preset: str, size: int) -> None:
    torch.manual_seed(size)
    network = build_network(PRESETS[preset])
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # as if trained: norms that do something
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
            assert module.running_mean is not None
            nn.init.normal_(module.running_mean, std=0.2)
    fold_batch_norm(network.eval())
    nn.init.normal_(network.dense_motion.head.weight, std=0.2)  # fresh ones move nothing
    transfer = network.motion_transfer
    assert isinstance(transfer, LiveMotionTransfer)
    if isinstance(transfer.context, Context):
        nn.init.normal_(transfer.context.head.weight, std=0.2)
    source, driving = torch.rand(1, 3, size, size), torch.rand(1, 3, size, size)
    with torch.inference_mode():
        expected = network(source, driving)
        network.motion_transfer = TransferInference(transfer, expected.flow.displacement.shape[1])
        found = network(source, driving)
    assert (expected.image - source).abs().max() > 0.1  # it does paint
    torch.testing.assert_close(found.image, expected.image, atol=1e-5, rtol=0)


def _live_xs() -> LiveConfig:
    config = PRESETS["live-xs"]
    assert isinstance(config, LiveConfig)
    return config


@pytest.mark.parametrize("size", [128, 256, 512])
def test_keypoints_are_those_of_the_trained_detector(size: int) -> None:
    torch.manual_seed(size)
    detector = LiveKeypointDetector(_live_xs()).eval()
    nn.init.normal_(detector.head.weight, std=0.2)  # heatmaps that tell pictures apart
    nn.init.normal_(detector.correction.weight, std=0.2)
    image, other = torch.rand(2, 1, 3, size, size)
    with torch.inference_mode():
        expected = detector(image)
        arranged = KeypointInference(detector, size)
        found = arranged(image)
        assert (arranged(other).mean - found.mean).abs().max() > 1e-3
        torch.testing.assert_close(arranged.view(image), detector.view(image), atol=1e-6, rtol=0)
    torch.testing.assert_close(found.mean, expected.mean, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.covariance, expected.covariance, atol=1e-5, rtol=0)


def test_pictures_smaller_than_the_view_are_refused() -> None:
    with pytest.raises(ValueError, match="smaller than the 128 seen"):
        KeypointInference(LiveKeypointDetector(_live_xs()), 64)


def test_what_is_measured_first_can_be_trained_with_after() -> None:
    """The interpolation's matrix is kept: one made in inference mode would stop the first backward pass."""
    interpolation.cache_clear()
    displacement = torch.zeros(1, 64, 64, 2, requires_grad=True)
    with torch.inference_mode():
        displacement_at(displacement, 128)
    displacement_at(displacement, 128).sum().backward()
    assert displacement.grad is not None and displacement.grad.sum() > 0


def test_what_lies_around_a_picture_moves_in_where_the_flow_leads_there() -> None:
    around = torch.rand(1, 3, 80, 80)
    image = around[..., 8:-8, 8:-8]
    to_the_right = torch.zeros(1, 32, 32, 2)
    to_the_right[..., 0] = 6 * 2 / 64
    moved = warp(enlarged(around, 2), to_the_right, 64, 80)
    torch.testing.assert_close(moved, around[..., 8:-8, 14:-2], atol=1e-5, rtol=0)
    repeated = warp(enlarged(image, 2), to_the_right, 64)
    torch.testing.assert_close(repeated[..., :-6], moved[..., :-6], atol=1e-5, rtol=0)
    assert torch.equal(repeated[..., -6:], repeated[..., -1:].expand(-1, -1, -1, 6))  # its border, half a pixel on


def test_a_margin_is_seen_by_both_forms_alike_and_at_the_rim_alone() -> None:
    torch.manual_seed(2)
    network = build_network(PRESETS["live-xs"]).eval()
    fold_batch_norm(network)
    nn.init.normal_(network.dense_motion.head.weight, std=0.2)
    source, driving, around = torch.rand(1, 3, 128, 128), torch.rand(1, 3, 128, 128), torch.rand(1, 3, 160, 160)
    around[..., 16:-16, 16:-16] = source
    seen, moved = network.detect_keypoints(source), network.detect_keypoints(driving)
    results = []
    with torch.inference_mode():
        flow_size = network(source, driving).flow.displacement.shape[1]
        for margin in (around, F.pad(source, [16] * 4, "replicate"), None):
            results.append(network.animate(network.encode_source(source, margin), seen, moved).image)
        transfer = network.motion_transfer
        assert isinstance(transfer, LiveMotionTransfer)
        network.motion_transfer = TransferInference(transfer, flow_size)
        arranged = network.animate(network.encode_source(source, around), seen, moved).image
    with_margin, repeated, without = results
    torch.testing.assert_close(arranged, with_margin, atol=1e-5, rtol=0)
    assert (with_margin - without).abs().max() > 0.05
    assert (repeated - without).abs().mean() < 0.1 * (with_margin - without).abs().mean()  # half a pixel of the rim


def test_the_papers_networks_refuse_a_margin() -> None:
    network = build_network(PRESETS["paper-64"])
    with pytest.raises(ValueError, match="pass no margin"):
        network.encode_source(torch.rand(1, 3, 64, 64), torch.rand(1, 3, 80, 80))
