"""Images as scanners and phones make them, made in memory."""

import io

from PIL import Image, ImageDraw


def picture(text, size=(400, 560), mode="RGB"):
    image = Image.new(mode, size, {"I;16": 65535, "CMYK": (0, 0, 0, 0)}.get(mode, "white"))
    if mode in ("RGB", "L", "1", "RGBA", "CMYK"):
        ImageDraw.Draw(image).text(
            (40, 40), text, fill="black" if mode != "CMYK" else (0, 0, 0, 255)
        )
    return image


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def tiff(text, pages=1, mode="RGB", size=(400, 560), **options):
    first, *rest = (picture(f"{text} {number}", size, mode) for number in range(pages))
    return saved(first, "TIFF", save_all=True, append_images=rest, **options)


def webp(text, **options):
    return saved(picture(text), "WEBP", **options)
