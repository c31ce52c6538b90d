"""What users say to a running program, from the window, the terminal or another process."""
