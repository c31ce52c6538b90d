"""Which of the 478 points of the MediaPipe face mesh lie on the lips, the eyes and the brows, from left to right."""

UPPER_LIP_INNER = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308]
LOWER_LIP_INNER = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308]
UPPER_LIP_OUTER = [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291]
LOWER_LIP_OUTER = [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291]
# Upper lid and lower lid of the eye on the left of the picture, then of the one on the right, corners included.
LIDS = [
    ([33, 246, 161, 160, 159, 158, 157, 173, 133], [33, 7, 163, 144, 145, 153, 154, 155, 133]),
    ([362, 398, 384, 385, 386, 387, 388, 466, 263], [362, 382, 381, 380, 374, 373, 390, 249, 263]),
]
BROWS = [[70, 63, 105, 66, 107], [336, 296, 334, 293, 300]]
NOSE_BASE = 2
CHIN = 152
EARS = [234, 454]
