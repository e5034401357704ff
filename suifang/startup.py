"""What a long-lived process loads at its start stays to its end: the collector need not look at it.

Loading makes a million objects and no garbage. Left to itself Python searches them all again and
again, a sixth of the start, and every full search later would stop a turn for a tenth of a second.
"""

from __future__ import annotations

import gc


def begin() -> None:
    """Collect nothing until everything is loaded."""
    gc.disable()


def end() -> None:
    """From here on only what is made anew is searched."""
    gc.collect()
    gc.freeze()
    gc.enable()
