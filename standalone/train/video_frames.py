"""Frames of video files."""

from .data_errors import MORE_PACKAGES, DataError


class VideoError(ValueError):
    """A video that cannot be used; the message says why."""


def _decoder():
    try:
        import av
    except ImportError as error:
        raise DataError(MORE_PACKAGES) from error
    return av


def read_frames(path, first, count):
    """Up to `count` consecutive frames of a video as PIL images, from frame `first`; VideoError if it is none."""
    av = _decoder()
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise VideoError("it holds no video")
            stream = container.streams.video[0]
            rate, begin = stream.average_rate, stream.start_time or 0
            if first and rate:
                container.seek(begin + int(first / rate / stream.time_base), stream=stream)
            frames, number = [], 0
            for frame in container.decode(stream):
                if rate and frame.pts is not None:
                    number = round(float((frame.pts - begin) * stream.time_base * rate))
                if number >= first:
                    frames.append(frame.to_image())
                number += 1
                if len(frames) == count:
                    break
            return frames
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(f"it cannot be decoded ({error})") from error


def count_frames(path):
    """Frames that the file promises, by its header or else by decoding; VideoError if it is no video."""
    av = _decoder()
    try:
        with av.open(str(path)) as container:
            if container.streams.video and container.streams.video[0].frames:
                return container.streams.video[0].frames
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(f"it cannot be opened ({error})") from error
    return len(read_frames(path, 0, 1 << 30))
