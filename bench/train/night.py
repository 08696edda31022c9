"""Makes a picture of a street by day look as a small camera sees it at night.

In linear light (sRGB's exponent, 2.2) the picture is made darker and bluer, blurred as by
a wide-open lens and a long exposure, counted in photons (Poisson) with the noise of reading them
(normal), brightened by the camera's gain, and squared off by its JPEG. What is hard is
what is hard at night: few photons, so that dark clothes sink into the noise.

Boxes stay where they are. Every picture has a random generator of its own.
"""

import cv2
import numpy as np

SEED = 20260603
# Of photons that white sends to a pixel, from a dark night to a better lit one.
PHOTONS = (4.0, 16.0)
READ_NOISE = 1.2
BLUR = (0.6, 1.4)
# Moonlight and mercury lamps: less red than blue.
TINT_BGR = np.array([1.15, 1.0, 0.8], np.float32)
JPEG_QUALITY = 80


def at_night(picture: np.ndarray, place: tuple) -> np.ndarray:
    """`picture` is BGR, 8 bits. `place`: whole numbers that say which picture this is."""
    rng = np.random.default_rng([SEED, *place])
    light = (picture.astype(np.float32) / 255) ** 2.2 * TINT_BGR
    light = cv2.GaussianBlur(light, (0, 0), rng.uniform(*BLUR))
    # As many photons in the dark night as in the bright one, counted on a scale of octaves.
    photons = 2 ** rng.uniform(*np.log2(PHOTONS))
    counted = rng.poisson(np.clip(light, 0, None) * photons) + rng.normal(0, READ_NOISE, light.shape)
    shown = np.clip(counted / photons * rng.uniform(0.5, 0.9), 0, 1) ** (1 / 2.2)
    return np.rint(shown * 255).astype(np.uint8)
