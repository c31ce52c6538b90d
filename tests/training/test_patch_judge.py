import torch
import torch.nn.functional as F
from torch import Tensor

from training.losses import detail
from training.patch_judge import PatchJudge, convincing, mistaken, shown, unlike_features

SIDE = 40


def rows_of_teeth(count: int, generator: torch.Generator) -> Tensor:
    """Bright rows between dark ones, at a height of their own, [count, 3, SIDE, SIDE]."""
    edge = torch.randint(14, 24, (count, 1, 1, 1), generator=generator)
    y = torch.arange(SIDE).view(1, 1, SIDE, 1)
    bright = ((y >= edge) & (y < edge + 5)).float() * 0.6 + 0.2
    return bright.expand(count, 3, SIDE, SIDE).contiguous()


def test_light_and_colour_are_not_shown() -> None:
    image = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 0.3 + 0.3
    shade = torch.linspace(0, 0.3, SIDE).view(1, 1, SIDE, 1)
    reddish = image + torch.tensor([0.1, -0.05, -0.05]).view(1, 3, 1, 1)
    inner = (..., slice(14, -14), slice(14, -14))
    torch.testing.assert_close(shown(reddish), shown(image))
    torch.testing.assert_close(shown(image + shade)[inner], shown(image)[inner], atol=0.02, rtol=0)
    assert (shown(F.avg_pool2d(image, 3, 1, 1)) - shown(image))[inner].abs().mean() > 0.3


def test_a_judge_soon_tells_teeth_from_their_mean_and_says_which_way_to_go() -> None:
    torch.manual_seed(0)
    generator, judge = torch.Generator().manual_seed(1), PatchJudge()
    optimiser = torch.optim.Adam(judge.parameters(), lr=1e-3, betas=(0.5, 0.999))
    where = torch.ones(8, 1, SIDE, SIDE)
    smeared = rows_of_teeth(200, generator).mean(dim=0, keepdim=True).expand(8, -1, -1, -1)
    for _ in range(30):
        loss = mistaken(judge(rows_of_teeth(8, generator), where)[-1], judge(smeared, where)[-1], where)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    real = rows_of_teeth(8, generator)
    cost_of_real, cost_of_mean = (convincing(judge(image, where)[-1], where) for image in (real, smeared))
    assert cost_of_real < cost_of_mean - 0.5
    painted = smeared.clone().requires_grad_()
    features = [judge(image, where)[:-1] for image in (painted, real)]
    assert unlike_features(features[0], features[1], where) > 0
    convincing(judge(painted, where)[-1], where).backward()
    assert painted.grad is not None
    sharper = painted.detach() - 0.3 * painted.grad / painted.grad.abs().max()
    assert detail(sharper).abs().mean() > detail(painted.detach()).abs().mean()


def test_only_what_counts_is_judged() -> None:
    judgements = torch.cat([torch.full((1, 1, 10, 5), 0.5), torch.full((1, 1, 10, 5), -3.0)], dim=3)
    left, nowhere = torch.zeros(1, 1, SIDE, SIDE), torch.zeros(1, 1, SIDE, SIDE)
    left[..., : SIDE // 2] = 1
    assert convincing(judgements, left) == -0.5
    assert mistaken(judgements, judgements, left) == 0.5 + 1.5
    assert convincing(judgements, nowhere) == 0
    strangers = torch.full((1, 1, 10, 10), 2.0)
    assert mistaken(judgements, torch.cat([judgements, strangers]), left.repeat(2, 1, 1, 1)) == 0.5 + (1.5 + 3) / 2
    features = [judgements, judgements + 1]
    assert unlike_features(features, [judgements, judgements], left) == 0.5
