"""The ruler: `python -m training.evaluate BUNDLE_OR_CHECKPOINT` says how well portraits follow and keep.

`__main__` decodes clips, lets a reenactor animate them, and hands pictures to the measures: of pictures alone for any
kind of object, and of faces where the `[evaluate]` packages are installed.
"""
