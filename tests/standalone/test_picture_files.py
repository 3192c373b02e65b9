"""Pictures and masks of every mode that Pillow has, in the files that hold them."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from dragkit.standalone.picture_files import check_writable, read_mask, read_picture, save_picture
from dragkit.standalone.user_input import UserError
from PIL import Image, ImageCms

HEIGHT, WIDTH = 48, 64
ACROSS, DOWN = np.meshgrid(np.arange(WIDTH) * 4, np.arange(HEIGHT) * 5)
RGB = np.dstack([ACROSS, DOWN, np.full_like(DOWN, 90)]).astype(np.uint8)
GREY = ACROSS.astype(np.uint8)
ALPHA = (DOWN + 3).astype(np.uint8)
COLOUR = Image.fromarray(RGB)
RGBA = Image.fromarray(np.dstack([RGB, ALPHA]))
SIXTEEN = GREY.astype(np.uint16) * 257 + 100


def picture(path):
    """[H, W, C] in 0..255 of a file's PictureFile."""
    return (read_picture(path).image[0] * 255).permute(1, 2, 0).numpy()


def png16(path, values, colour_type):
    """A PNG of 16 bits per channel, values [H, W, C], which Pillow cannot write."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], 16, colour_type, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def lab():
    profiles = (ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"))
    return ImageCms.profileToProfile(COLOUR, *profiles, outputMode="LAB")


@pytest.mark.parametrize(
    "name,image,tolerance",
    [
        ("rgb.png", COLOUR, 0),
        ("rgb.bmp", COLOUR, 0),
        ("rgb.tif", COLOUR, 0),
        ("rgb.jpg", COLOUR, 8),
        ("rgb.webp", COLOUR, 12),
        ("cmyk.tif", COLOUR.convert("CMYK"), 1),
        ("cmyk.jpg", COLOUR.convert("CMYK"), 8),
        ("ycbcr.tif", COLOUR.convert("YCbCr"), 8),
        ("lab.tif", lab(), 35),
        ("palette.png", COLOUR.quantize(256), 20),
        ("still.gif", COLOUR.quantize(256), 20),
    ],
)
def test_colours_are_right_in_every_kind_of_file(tmp_path, name, image, tolerance):
    image.save(tmp_path / name, quality=100)
    found = picture(tmp_path / name)
    assert found.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(found - RGB).max() <= tolerance + 1e-3


@pytest.mark.parametrize(
    "name,image,white",
    [
        ("grey.png", Image.fromarray(GREY), None),
        ("deep.png", Image.fromarray(SIXTEEN), None),
        ("deep.tif", Image.fromarray(SIXTEEN), None),
        ("big_endian.tif", Image.frombytes("I;16B", (WIDTH, HEIGHT), SIXTEEN.astype(">u2").tobytes()), None),
        ("whole.tif", Image.fromarray(SIXTEEN.astype(np.int32)), None),
        ("float.tif", Image.fromarray(SIXTEEN.astype(np.float32) / 65535), None),
        ("bits.png", Image.fromarray(GREY > 100), (GREY > 100) * 255),
    ],
)
def test_greys_of_every_depth_are_right_as_picture_and_as_mask(tmp_path, name, image, white):
    image.save(tmp_path / name)
    expected = (GREY if white is None else white).astype(np.float32)
    found = picture(tmp_path / name)
    assert found.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(found - expected[..., None]).max() <= 0.5
    mask = read_mask(tmp_path / name)
    assert mask.shape == (1, HEIGHT, WIDTH) and mask.dtype == torch.float32
    assert np.abs(mask[0].numpy() * 255 - expected).max() <= 0.5


@pytest.mark.parametrize("colour_type,channels", [(2, 3), (6, 4)])
def test_colours_of_16_bits(tmp_path, colour_type, channels):
    values = np.asarray(RGBA)[..., :channels]
    png16(tmp_path / "deep.png", values.astype(np.uint16) * 257, colour_type)
    assert np.abs(picture(tmp_path / "deep.png") - values).max() < 1e-3


@pytest.mark.parametrize(
    "values", [np.float32([[0, 200.0]]), np.float32([[-0.5, 1]]), np.float32([[np.nan, 1]]), np.int32([[0, 70000]])]
)
def test_values_without_a_known_white_are_refused(tmp_path, values):
    Image.fromarray(values).save(tmp_path / "data.tif")
    for read in (read_picture, read_mask):
        with pytest.raises(UserError, match="data.tif has values from .* nothing says which is white"):
            read(tmp_path / "data.tif")


@pytest.mark.parametrize("mode", "1 L LA La P PA RGB RGBA RGBa RGBX CMYK YCbCr HSV".split())
def test_every_mode_gives_colours(tmp_path, monkeypatch, mode):
    # not all of them have a file
    image = RGBA.convert("LA").convert("La") if mode == "La" else COLOUR.convert("L").convert("P")
    if mode == "PA":
        image.putalpha(Image.fromarray(ALPHA))
    elif mode != "La":
        image = RGBA.convert(mode)
    assert image.mode == mode
    (tmp_path / "any").touch()
    monkeypatch.setattr(Image, "open", lambda file: image)
    found = read_picture(tmp_path / "any").image
    grey = np.asarray(COLOUR.convert("L"), dtype=np.float32)[..., None]
    expected = grey if mode in ("L", "LA", "La", "PA") else RGB
    if mode == "1":
        assert abs(found.mean().item() * 255 - grey.mean()) < 3
    else:
        # premultiplied colours of low alpha are coarse, a palette is
        assert np.abs((found[0, :3] * 255).permute(1, 2, 0).numpy() - expected)[30:].mean() < (30 if mode == "P" else 3)
    assert found.shape[1] == (4 if "A" in mode or "a" in mode else 3)


def test_colours_under_alpha_are_as_they_are_and_opaque_alpha_is_none(tmp_path):
    for name in ("clear.png", "clear.webp", "clear.tif"):
        RGBA.save(tmp_path / name, lossless=True, exact=True)
        assert np.abs(picture(tmp_path / name) - np.asarray(RGBA)).max() < 1e-3
    Image.fromarray(np.dstack([RGB, np.full_like(GREY, 255)])).save(tmp_path / "opaque.png")
    assert picture(tmp_path / "opaque.png").shape == (HEIGHT, WIDTH, 3)
    # one colour of a palette, or of a colour picture, that stands for nothing
    Image.fromarray(GREY).save(tmp_path / "key.png", transparency=int(GREY[0, 3]))
    found = picture(tmp_path / "key.png")
    assert ((found[..., 3] == 0) == (GREY == GREY[0, 3])).all() and np.abs(found[..., 0] - GREY).max() < 1e-3


@pytest.mark.parametrize("name", ["frames.gif", "frames.webp", "frames.png", "frames.tif"])
def test_the_first_frame_counts(tmp_path, name):
    first, second = (Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ((200, 40, 40), (40, 40, 200)))
    first.save(tmp_path / name, save_all=True, append_images=[second], lossless=True)
    assert np.abs(picture(tmp_path / name) - (200, 40, 40)).max() <= 2


@pytest.mark.parametrize("name,image", [("photo.jpg", COLOUR), ("photo.png", COLOUR), ("deep.tif", SIXTEEN)])
@pytest.mark.parametrize("orientation,turned", [(3, 2), (6, 3), (8, 1)])
def test_orientation_is_applied_to_picture_and_mask(tmp_path, name, image, orientation, turned):
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    exif = Image.Exif()
    exif[0x112] = orientation
    image.save(tmp_path / name, exif=exif, quality=100)
    expected = np.rot90(RGB if name != "deep.tif" else np.dstack([GREY] * 3), turned)
    found = picture(tmp_path / name)
    assert found.shape == expected.shape and np.abs(found - expected).max() <= 8
    assert np.abs(read_mask(tmp_path / name)[0].numpy() * 255 - expected.mean(2)).max() <= 8


def test_masks_with_alpha(tmp_path):
    painted = np.zeros((HEIGHT, WIDTH), np.uint8)
    painted[10:30, 20:50] = 255
    painted[10:30, 50] = 128
    layers = {
        # a layer of a paint program, whatever the colour of the brush and of what is transparent
        "white_on_white": np.dstack([np.full_like(RGB, 255), painted]),
        "white_on_black": np.dstack([np.repeat((painted > 0)[..., None] * 255, 3, 2), painted]),
        "red_on_black": np.dstack([(painted > 0)[..., None] * [220, 30, 30], painted]),
        "black_on_black": np.dstack([np.zeros_like(RGB), painted]),
        # parts of a colour picture erased, as ComfyUI's mask editor saves it
        "erased": np.dstack([RGB, 255 - painted]),
        # opaque alpha says nothing
        "opaque": np.dstack([painted] * 3 + [np.full_like(painted, 255)]),
    }
    for name, layer in layers.items():
        Image.fromarray(layer.astype(np.uint8)).save(tmp_path / f"{name}.png")
        found = read_mask(tmp_path / f"{name}.png")
        np.testing.assert_allclose(found[0].numpy() * 255, painted, atol=0.5, err_msg=name)
    # white and black, both painted, on nothing: transparent counts as black
    half = np.where(ACROSS < 128, 255, 0)
    Image.fromarray(np.dstack([half] * 3 + [painted]).astype(np.uint8)).save(tmp_path / "both.png")
    found = read_mask(tmp_path / "both.png")[0].numpy() * 255
    np.testing.assert_allclose(found, np.where(half > 0, painted, 0), atol=0.5)


def stored(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    "content,message",
    [
        (stored(COLOUR, "PNG")[:-60], "cannot be read to its end"),
        (stored(COLOUR, "JPEG")[:-300], "cannot be read to its end"),
        (stored(COLOUR, "WEBP")[:-100], "cannot be read to its end|is no picture"),
        (stored(COLOUR, "TIFF")[:-100], "cannot be read to its end"),
        (stored(COLOUR, "PNG")[:60] + b"\0" * 400, "cannot be read to its end"),
        (b"", "is no picture"),
        (b"not a picture at all", "is no picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 80, r"is no picture .*HEIC"),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path, content, message):
    (tmp_path / "in.png").write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read_picture(tmp_path / "in.png")
    assert "in.png" in str(caught.value) and "\n" not in str(caught.value)


def test_too_many_pixels_are_refused_without_a_warning(tmp_path, monkeypatch, recwarn):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", WIDTH * HEIGHT - 1)
    COLOUR.save(tmp_path / "large.png")
    assert picture(tmp_path / "large.png").shape == (HEIGHT, WIDTH, 3) and not recwarn
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(UserError, match="large.png has more than"):
        read_picture(tmp_path / "large.png")


@pytest.mark.parametrize("size", [(1, 1), (1, 8000), (8000, 1)])
def test_thin_pictures(tmp_path, size):
    Image.new("RGB", size, (10, 20, 30)).save(tmp_path / "thin.png")
    assert picture(tmp_path / "thin.png").shape == (size[1], size[0], 3)


def test_what_is_saved_keeps_colours_and_an_rgb_profile(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    COLOUR.save(tmp_path / "in.png", icc_profile=profile)
    image, found = read_picture(tmp_path / "in.png")
    for name in ("out.png", "out.jpg", "out.webp", "out.tif", "out.bmp", "out.gif"):
        assert check_writable(tmp_path / name, image)
        save_picture(image[0], tmp_path / name, found)
        assert np.abs(picture(tmp_path / name) - RGB).mean() < 3, name
    for name in ("out.png", "out.jpg", "out.webp", "out.tif"):
        assert Image.open(tmp_path / name).info["icc_profile"] == profile, name
    # a profile of other colours than RGB says nothing of the RGB made of them
    Image.fromarray(GREY).save(tmp_path / "grey.png", icc_profile=profile[:16] + b"GRAY" + profile[20:])
    assert read_picture(tmp_path / "grey.png").profile is None


def test_transparency_is_saved_where_the_format_holds_it(tmp_path):
    RGBA.save(tmp_path / "in.png")
    image = read_picture(tmp_path / "in.png").image
    assert not check_writable(tmp_path / "out.jpg", image) and check_writable(tmp_path / "out.png", image)
    save_picture(image[0], tmp_path / "out.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.png")), np.asarray(RGBA))


def test_a_picture_too_large_for_the_format_is_refused_first(tmp_path):
    with pytest.raises(UserError, match="no 20000 x 4 picture can be written as .webp"):
        check_writable(tmp_path / "out.webp", torch.zeros(1, 3, 4, 20000))
