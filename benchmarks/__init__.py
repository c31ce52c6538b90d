"""Measurements of the product as its users meet it: ratios against peers, interleaved in one run."""
