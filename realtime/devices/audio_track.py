"""Carries a clip's sound over to the video made from it: copied where an mp4 can hold it, else encoded anew as AAC."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.audio.resampler import AudioResampler

from realtime.errors import DeviceError

COPIED_CODECS = frozenset({"aac", "mp3", "alac", "opus", "ac3", "eac3"})


def has_sound(path: Path) -> bool:
    """Whether the file holds an audio track."""
    with av.open(str(path)) as container:
        return bool(container.streams.audio)


def join_sound(video: Path, sound_from: Path, output: Path, shift_s: float) -> None:
    """Writes output: the pictures of video with the sound of sound_from, which begins shift_s earlier there.

    Sound before the first and after the last picture is left out. Raises DeviceError.
    """
    try:
        with (
            av.open(str(video)) as pictures,
            av.open(str(sound_from)) as clip,
            av.open(str(output), "w", options={"movflags": "faststart"}) as joined,
        ):
            joined.metadata.update(pictures.metadata)
            _join(pictures, clip, joined, shift_s)
    except (OSError, ValueError) as error:
        raise DeviceError(
            f"{sound_from}: its sound cannot be carried over to {output}: {error}", hint="pass --no-audio to do without"
        ) from error


def _join(
    pictures: "av.container.InputContainer",
    clip: "av.container.InputContainer",
    joined: "av.container.OutputContainer",
    shift_s: float,
) -> None:
    shown, heard = pictures.streams.video[0], clip.streams.audio[0]
    length_s = float(pictures.duration or 0) / av.time_base
    out = joined.add_stream_from_template(shown)
    if heard.codec_context.name in COPIED_CODECS:
        out_sound = joined.add_stream_from_template(heard)
        sound = _copied(clip, heard, out_sound, shift_s, length_s)
    else:
        out_sound = joined.add_stream("aac", rate=heard.rate)
        sound = _encoded(clip, heard, out_sound, shift_s, length_s)
    for packet in _by_time(_of(pictures, shown, out), sound):
        joined.mux(packet)


def _of(
    container: "av.container.InputContainer", stream: "av.VideoStream", out: "av.VideoStream"
) -> Iterator[av.Packet]:
    for packet in container.demux(stream):
        if packet.dts is not None:
            packet.stream = out
            yield packet


def _copied(
    clip: "av.container.InputContainer", heard: "av.AudioStream", out: "av.AudioStream", shift_s: float, length_s: float
) -> Iterator[av.Packet]:
    for packet in clip.demux(heard):
        if packet.dts is None or packet.pts is None:
            continue
        at_s = float(packet.pts * packet.time_base) - shift_s
        if 0 <= at_s < length_s:
            shift = round(shift_s / packet.time_base)
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = out
            yield packet


def _encoded(
    clip: "av.container.InputContainer", heard: "av.AudioStream", out: "av.AudioStream", shift_s: float, length_s: float
) -> Iterator[av.Packet]:
    resampler = AudioResampler(format="fltp", layout=heard.layout.name, rate=heard.rate)
    for frame in clip.decode(heard):
        at_s = float(frame.time or 0.0) - shift_s
        if 0 <= at_s < length_s:
            frame.pts = round(at_s * heard.rate)
            frame.time_base = Fraction(1, heard.rate)
            for resampled in resampler.resample(frame):
                yield from out.encode(resampled)
    yield from out.encode(None)


def _by_time(one: Iterable[av.Packet], other: Iterable[av.Packet]) -> Iterator[av.Packet]:
    """Both, interleaved: a player that reads from the start finds picture and sound together."""
    waiting = [iter(one), iter(other)]
    heads = [next(packets, None) for packets in waiting]
    while any(head is not None for head in heads):
        due = [_due_s(head) for head in heads]
        first = due.index(min(due))
        head = heads[first]
        heads[first] = next(waiting[first], None)
        if head is not None:
            yield head


def _due_s(packet: av.Packet | None) -> float:
    return float("inf") if packet is None else float((packet.dts or 0) * packet.time_base)
