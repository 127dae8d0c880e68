"""Which files are images: by their suffix, and by their first bytes where the suffix says nothing."""

from importlib.util import find_spec
from typing import Final, Literal

SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff"}
)
"""Of the formats that are read."""

HEIC_SUFFIXES: Final = frozenset({".heic", ".heif", ".hif"})
"""Of photos as iPhones keep them, which the package `pillow-heif` reads."""

HEIC_REMEDY: Final = "HEIC is read once pillow-heif is installed (the extra `heic`); or save the photos as JPEG"

_NO_IMAGES: Final = """
    txt md rst csv tsv json jsonl xml yaml yml toml ini cfg log html htm pdf doc docx xls xlsx ppt pptx odt ods srt
    py pyc ipynb sh bat exe dll c h js css npy npz pkl pickle pt pth safetensors onnx h5 hdf5 mat parquet feather
    tfrecord lmdb db sqlite
    zip tar gz tgz bz2 xz 7z rar part crdownload download tmp bak orig swp lnk url torrent md5 sha256
    mp3 wav flac ogg mp4 mov avi mkv webm m4v mpg mpeg wmv svg psd xcf ai eps ps obj stl
"""
"""Texts and tables, programs and arrays, archives and what was left half done, sound, film and drawings."""

_UNREAD_IMAGES: Final = """
    dng nef cr2 cr3 arw orf rw2 pef raf srw svs ndpi scn bif vms lsm
    avif jxl jp2 j2k jpx ico icns tga pcx ppm pgm pbm exr hdr dds fits dcm nii
"""
"""Raw values of sensors and whole slides, which begin as TIFF does, and formats that the readers here do not take."""

UNREAD_SUFFIXES: Final = frozenset(f".{suffix}" for suffix in _UNREAD_IMAGES.split())
"""Of images that are not read."""

OTHER_SUFFIXES: Final = frozenset(f".{suffix}" for suffix in _NO_IMAGES.split()) | UNREAD_SUFFIXES
"""Of files whose bytes are not looked at: they are something else, or images that are not read."""

HEAD_BYTES: Final = 32

FULL_WHITE: Final = 65535
"""What is white in grey images of 16 bits that use all of them."""

WHITES: Final = (255, 1023, 4095, 16383, FULL_WHITE)
"""The largest numbers of 8, 10, 12, 14 and 16 bits."""

_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_BMP_HEADERS: Final = frozenset({12, 40, 52, 56, 64, 108, 124})


def kind_of(head: bytes) -> Literal["image", "heic"] | None:
    """What a file is by its first `HEAD_BYTES` bytes: of a format that is read, HEIC, or neither."""
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*")):
        return "image"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image"
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "image"
    return "heic" if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS else None


def reads_heic() -> bool:
    """Whether `pillow-heif` is installed."""
    return find_spec("pillow_heif") is not None


def white_for(brightest: int) -> int:
    """The largest number of the fewest bits that hold the brightest value of some images; `FULL_WHITE` for 0."""
    return next(white for white in WHITES if white >= brightest) if brightest else FULL_WHITE
