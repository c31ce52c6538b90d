"""From file to file: drops nothing, uses all cores."""
