"""Files as people send them, made here: a photo, a voice message, a document of one page."""

import io
import math
import struct
import wave
import zlib
from collections.abc import Callable

Sample = tuple[str, str, bytes]  # media type, name, bytes


def image() -> Sample:
    """A receipt seen from afar: grey lines on paper."""
    width, height = 240, 320
    rows = b"".join(
        b"\0" + bytes(150 if y % 24 < 6 and 24 < x < 200 - y % 72 else 245 for x in range(width))
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")
    return (
        "image/png",
        "comprovante.png",
        b"\x89PNG\r\n\x1a\n"
        + b"".join(
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
            for name, body in parts
        ),
    )


def audio() -> Sample:
    """A second of a tone. WhatsApp's own are Ogg, which nothing at hand writes."""
    sound, rate = io.BytesIO(), 8_000
    with wave.open(sound, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(rate)
        out.writeframes(bytes(int(128 + 60 * math.sin(n / 4)) for n in range(rate)))
    return "audio/wav", "audio.wav", sound.getvalue()


def document() -> Sample:
    page = (
        b"%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]>>endobj\n"
        b"trailer<</Root 1 0 R>>\n%%EOF\n"
    )
    return "application/pdf", "comprovante.pdf", page


SAMPLES: dict[str, Callable[[], Sample]] = {
    "image": image,
    "sticker": image,
    "audio": audio,
    "document": document,
}
