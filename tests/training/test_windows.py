import torch

from training.windows import Windows, windows_at


def test_windows_cut_the_same_place_out_of_features_and_pictures() -> None:
    features = torch.arange(64.0).expand(2, 1, 64, 64)
    pictures = features.repeat_interleave(4, 2).repeat_interleave(4, 3)
    windows = windows_at(torch.tensor([[0.1, -0.2], [-0.5, 0.3]]), 64)
    cut = windows.of_features(features)
    assert cut.shape == (2, 1, 28, 28)
    torch.testing.assert_close(windows.of_pictures(pictures), cut.repeat_interleave(4, 2).repeat_interleave(4, 3))
    assert (cut.mean(dim=(1, 2, 3)) - torch.tensor([0.55, 0.25]) * 64 + 0.5).abs().max() <= 0.5


def test_windows_stay_inside_the_picture() -> None:
    windows = windows_at(torch.tensor([[-1.0, -1.0], [1.0, 1.0]]), 64)
    assert windows.corners.tolist() == [[0, 0], [36, 36]]


def test_what_is_put_back_is_where_it_was_and_learns_there_alone() -> None:
    pictures = torch.rand(2, 3, 64, 64)
    windows = windows_at(torch.tensor([[0.2, 0.0], [-0.3, 0.4]]), 16)
    inner = windows.within(windows.of_pictures(pictures)).requires_grad_()
    torch.testing.assert_close(windows.put_into(pictures, inner), pictures)
    whole = windows.put_into(pictures, inner + 1)
    assert ((whole - pictures).abs() > 0.5).sum() == inner.numel()
    whole.sum().backward()
    assert inner.grad is not None and (inner.grad == 1).all()


def test_points_are_pixels_of_what_is_within() -> None:
    windows = Windows(torch.tensor([[4, 8]]), side=7, margin=1)
    centre_of_pixel = (torch.tensor([[[20.5, 36.5]]]) / 64) * 2 - 1
    torch.testing.assert_close(windows.inner_points(centre_of_pixel, 64), torch.tensor([[[0.5, 0.5]]]))
