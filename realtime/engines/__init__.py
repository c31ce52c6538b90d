"""Inference runtimes behind one seam: base.py says what an engine does, catalogue.py opens one by name."""
