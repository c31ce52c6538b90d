"""Cameras and sinks. cameras.py and sinks.py define them and open one by its address; each device has its own file.

run_live.py opens them (defaults.py chooses where the user did not); the loop alone calls them.
"""
