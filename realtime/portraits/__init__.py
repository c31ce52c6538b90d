"""Portraits: read from pictures and packs, framed, encoded ahead, kept and switched."""
