"""Makes signs.png, a street's worth of text at three angles, and says where its words are.

    python3 signs.py FONT

FONT is DejaVuSans-Bold.ttf, 2.37. Needs: pillow 13, numpy 2.
"""

import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# text, size, middle, degrees clockwise, ink, sign
SIGNS = [
    ("Ausfahrt 42 km", 27, (150, 40), 0, 245, 70),
    ("SPEED LIMIT 55", 22, (150, 150), 15, 20, 225),
    ("Gate 7B", 24, (345, 120), 90, 30, 215),
]


def main(font):
    noise = np.random.default_rng(7).integers(100, 132, (30, 48), np.uint8)
    picture = Image.fromarray(noise).resize((384, 240), Image.Resampling.BICUBIC)
    for text, size, middle, degrees, ink, sign in SIGNS:
        letters = ImageFont.truetype(font, size)
        left, top, right, bottom = letters.getbbox(text)
        board = Image.new("L", (right - left + size, bottom - top + size), sign)
        ImageDraw.Draw(board).text((size // 2 - left, size // 2 - top), text, ink, letters)
        mask = Image.new("L", board.size, 255)
        turn = lambda image: image.rotate(-degrees, Image.Resampling.BICUBIC, expand=True)
        board, mask = turn(board), turn(mask)
        picture.paste(board, (middle[0] - board.width // 2, middle[1] - board.height // 2), mask)
        if degrees == 0:
            corner = (middle[0] - (right - left) // 2, middle[1] - (bottom - top) // 2)
            start = 0
            for word in text.split(" "):
                x = corner[0] + letters.getlength(text[:start])
                print(word, round(x), corner[1], round(x + letters.getlength(word)), corner[1] + bottom - top)
                start += len(word) + 1
    picture.save(pathlib.Path(__file__).parent / "signs.png", optimize=True)


main(sys.argv[1])
