"""Turns a checkpoint into a bundle the live runtime opens: fold, export to ONNX, prove parity, write at once."""
