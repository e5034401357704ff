"""The two networks of PP-OCRv6, taken from the `rapidocr` wheel: where words are, and which.

Only the weights are used, none of the wheel's code. One thread each: the web process is on the same
two cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sight.picture import Pixels
from sight.weights import NoModelsError, folder

if TYPE_CHECKING:
    import onnxruntime

_DETECTOR, _RECOGNISER = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
_LINE_HEIGHT = 48
_NARROWEST, _WIDEST = 64, 960
_BATCH = 8


@dataclass(frozen=True, slots=True)
class Text:
    """What stands in one crop, and how sure the network is."""

    words: str
    confidence: float


class Networks:
    """Both networks, each loaded when it is first used."""

    def recognise(self, crops: Sequence[Pixels]) -> list[Text]:
        """Read each crop as one line of text."""
        order = sorted(range(len(crops)), key=lambda i: crops[i].shape[1] / crops[i].shape[0])
        found: dict[int, Text] = {}
        for first in range(0, len(order), _BATCH):
            batch = order[first : first + _BATCH]
            read = self._read([crops[i] for i in batch])
            found.update(zip(batch, read, strict=True))
        return [found[i] for i in range(len(crops))]

    def text_map(self, pixels: Pixels) -> NDArray[np.float32]:
        """How likely each pixel belongs to words. Both sides must be multiples of 32."""
        (made,) = self._detector.run(None, {"x": _planes(pixels)[None]})
        found: NDArray[np.float32] = made[0, 0]
        return found

    def _read(self, crops: Sequence[Pixels]) -> list[Text]:
        import cv2  # noqa: PLC0415 - an optional extra

        widths = [
            min(max(round(c.shape[1] * _LINE_HEIGHT / c.shape[0]), _NARROWEST), _WIDEST)
            for c in crops
        ]
        block = np.zeros((len(crops), 3, _LINE_HEIGHT, max(widths)), np.float32)
        for row, crop, width in zip(block, crops, widths, strict=True):
            line = np.asarray(cv2.resize(crop, (width, _LINE_HEIGHT)), dtype=np.uint8)
            row[:, :, :width] = _planes(line)
        (likely,) = self._recogniser.run(None, {"x": block})
        return [_decoded(one, self._characters) for one in likely]

    @cached_property
    def _characters(self) -> list[str]:
        told = self._recogniser.get_modelmeta().custom_metadata_map["character"]
        # The first class is "nothing", the last one the space between words.
        return ["", *told.splitlines(), " "]

    @cached_property
    def _detector(self) -> onnxruntime.InferenceSession:
        return _loaded(_DETECTOR)

    @cached_property
    def _recogniser(self) -> onnxruntime.InferenceSession:
        return _loaded(_RECOGNISER)


def _planes(pixels: Pixels) -> NDArray[np.float32]:
    # The networks learned on blue, green, red.
    scaled = pixels[:, :, ::-1].astype(np.float32) / 127.5 - 1.0
    planes: NDArray[np.float32] = scaled.transpose(2, 0, 1)
    return planes


def _decoded(likely: NDArray[np.float32], characters: Sequence[str]) -> Text:
    """The most likely character of each column; a repeat without a gap is the same one."""
    best = likely.argmax(axis=1)
    kept = [i for i, c in enumerate(best) if c and (i == 0 or c != best[i - 1])]
    words = "".join(characters[best[i]] for i in kept)
    sure = float(np.mean([likely[i, best[i]] for i in kept])) if kept else 0.0
    return Text(words, sure)


def _loaded(name: str) -> onnxruntime.InferenceSession:
    import onnxruntime  # noqa: PLC0415 - a fifth of a second

    where = folder()
    if where is None:
        raise NoModelsError
    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(where / name), options, providers=["CPUExecutionProvider"]
    )
