"""Which frames of the video are in *street*, and how they are read.

Splits follow time: every seventh frame (0.7 s), with more than five seconds between one
split and the next, so that no neighbour of a training frame is in another split. Left out
in between are 50 and 54 frames.
"""

from pathlib import Path

import cv2

VIDEO_FRAMES = 795
STEP = 7
FRAMES = {
    "train": [3 + STEP * place for place in range(60)],
    "val": [467 + STEP * place for place in range(20)],
    "test": [655 + STEP * place for place in range(20)],
}


def read_frames(path: Path, wanted: list):
    """Yields (number, BGR picture of 768x576) of the wanted frames, in order."""
    video = cv2.VideoCapture(str(path))
    wanted, number, read = set(wanted), -1, 0
    while True:
        more, frame = video.read()
        if not more:
            break
        number += 1
        if number in wanted:
            if frame.shape != (576, 768, 3):
                raise SystemExit(f"expected frames of 768x576, found {frame.shape[1]}x{frame.shape[0]}\nvideo: {path}")
            read += 1
            yield number, frame
    if read != len(wanted):
        raise SystemExit(f"expected a video of {VIDEO_FRAMES} frames, read {number + 1}\nvideo: {path}")
