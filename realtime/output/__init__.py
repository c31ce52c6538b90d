"""What leaves the program. The machine turns animated frames into output frames, on a canvas, at the pacer's times.

The sender asks the machine for one picture at every tick and hands it to the sinks. Nothing here ever sees a camera's
frame.
"""
