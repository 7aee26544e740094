"""What an uploaded file really is. The client's name and media type are never believed."""

import io

from app.errors import TooLarge, Unprocessable

MAX_ATTACHMENT_BYTES = 5 * 1024 * 1024

IMAGE_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
PDF_TYPE = "application/pdf"
MEDIA_TYPES = (PDF_TYPE, *IMAGE_TYPES.values())

_MAGIC = {"JPEG": (b"\xff\xd8\xff", 0), "PNG": (b"\x89PNG\r\n\x1a\n", 0), "WEBP": (b"WEBP", 8)}
_PDF_END_WITHIN_BYTES = 1024
"""How far from the end of a PDF its end mark may lie, as readers take it."""
_MAX_NAME_CHARACTERS = 200


def media_type_of(content: bytes) -> str:
    """The media type that the bytes themselves show; a Problem where they are none of MEDIA_TYPES.

    A file that is an image or a PDF and something else at the same time passes as the former, and is only ever
    answered as that: as an attachment, with `nosniff`.
    """
    if len(content) > MAX_ATTACHMENT_BYTES:
        raise TooLarge("attachment_too_large", "附件不能超过 5 MB。", "An attachment has at most 5 MB.")
    if content.startswith(b"%PDF-") and b"%%EOF" in content[-_PDF_END_WITHIN_BYTES:]:
        return PDF_TYPE
    for name, (magic, offset) in _MAGIC.items():
        if content[offset : offset + len(magic)] == magic and _is_image(content, name):
            return IMAGE_TYPES[name]
    raise Unprocessable.field(
        "/file",
        "unsupported_content",
        "附件须为 JPEG、PNG、WebP 图片或 PDF，文件内容与此不符或已损坏",
        "must be a JPEG, PNG or WebP image or a PDF; the content is something else or damaged",
    )


def _is_image(content: bytes, name: str) -> bool:
    """Whether Pillow's reader of this one format accepts the bytes; the pixels are not decoded."""
    from PIL import Image  # noqa: PLC0415 - late: for uploads alone

    try:
        with Image.open(io.BytesIO(content), formats=[name]) as image:
            image.verify()
    except Exception:  # noqa: BLE001 - readers of damaged files raise nearly anything; all of it means the same
        return False
    return True


def display_name(filename: str | None) -> str:
    """The client's file name as text to show: its last part, without characters that don't print."""
    last = (filename or "").replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(character for character in last if character.isprintable()).strip(" .")
    return printable[:_MAX_NAME_CHARACTERS] or "attachment"
