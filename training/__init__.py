"""Learns the three networks from folders of clips: clips -> frame cache -> pairs -> objective -> checkpoint.

`python -m training CONFIG.toml` trains, `python -m training.evaluate CHECKPOINT` measures.
"""
