"""Draw the app's icons into ``static/``: a screen, and within it a shell prompt.

Usage: ``python dev/icons.py``. Sizes and names are those that Splunk looks for (dev.splunk.com, "Add an app
icon"): appIcon.png 36x36 and appIcon_2x.png 72x72 for light backgrounds, appIconAlt likewise for dark ones.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
GRID = 18  # the drawing's own units; 36 and 72 are multiples, so every edge falls on a pixel
CLEAR, DARK, LIGHT, ALERT = (0, 0, 0, 0), (36, 52, 71, 255), (240, 244, 248, 255), (217, 65, 30, 255)
# (left, top, right, bottom) in grid units, right and bottom excluded.
FRAME, SCREEN, STAND, FOOT = (1, 2, 17, 13), (2, 3, 16, 12), (8, 13, 10, 15), (5, 15, 13, 16)
PROMPT = [(4, 5, 6, 6), (5, 6, 7, 7), (6, 7, 8, 8), (5, 8, 7, 9), (4, 9, 6, 10), (9, 9, 13, 10)]


def png(pixels: list[list[tuple[int, int, int, int]]]) -> bytes:
    """Encode rows of RGBA pixels (0 to 255) as a PNG file (W3C PNG, colour type 6, no filter)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", len(pixels[0]), len(pixels), 8, 6, 0, 0, 0)
    body = b"".join(b"\0" + bytes(part for pixel in row for part in pixel) for row in pixels)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body, 9)) + chunk(b"IEND", b"")


def icon(size: int, ink: tuple[int, int, int, int], paper: tuple[int, int, int, int]) -> bytes:
    """Draw one square icon of ``size`` pixels, a multiple of the grid."""
    scale = size // GRID
    pixels = [[CLEAR] * size for _ in range(size)]
    shapes = [(FRAME, ink), (SCREEN, paper), (STAND, ink), (FOOT, ink), *((box, ALERT) for box in PROMPT)]
    for (left, top, right, bottom), colour in shapes:
        for y in range(top * scale, bottom * scale):
            pixels[y][left * scale : right * scale] = [colour] * ((right - left) * scale)
    return png(pixels)


def main() -> None:
    """Write the four files."""
    for name, ink, paper in (("appIcon", DARK, LIGHT), ("appIconAlt", LIGHT, DARK)):
        (STATIC / f"{name}.png").write_bytes(icon(36, ink, paper))
        (STATIC / f"{name}_2x.png").write_bytes(icon(72, ink, paper))


if __name__ == "__main__":
    main()
