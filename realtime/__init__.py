"""The live runtime: camera -> Animator -> sink, on NumPy, OpenCV and an inference runtime; it never imports torch.

run_live.py builds the parts from Settings and hands them to LiveLoop (live) or run_offline (file to file). Both call
Animator, which calls an Engine with the graphs of a Bundle. Devices and engines know nothing of each other.
"""
