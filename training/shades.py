"""Against the colours that judges of a face's shape would paint.

A network that finds features can be told what it likes to see, and a stretched smile looks more open to it in cyan
(docs/decisions/061, 062).
"""

from torch import Tensor


def shades_only(image: Tensor) -> Tensor:
    """`image` [b, 3, s, s] as it is; what comes back through it is the same for red, green and blue.

    So whoever looks at it may ask for lighter or darker, never for another colour.
    """
    grey = image.mean(dim=1, keepdim=True)
    return image.detach() + (grey - grey.detach())
