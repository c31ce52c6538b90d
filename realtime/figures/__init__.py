"""What a run shows of itself: rates, ages, latency, drops."""
