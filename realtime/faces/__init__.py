"""Where the driver's face is, and the crop that follows it."""
