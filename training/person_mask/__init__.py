"""The network that finds the person in a portrait; it learns from MediaPipe's masks."""
