"""Pictures that patients send, drawn: meters, laboratory slips, and everything else.

Invented from numbers and a seed; no photo of anybody. What is drawn is not what a camera sees:
figures measured on these are about these.
"""

from simulator.pictures.camera import Difficulty, photograph
from simulator.pictures.meter import Look, glucose_meter, pressure_meter
from simulator.pictures.others import OTHERS, other
from simulator.pictures.slip import Row, laboratory_slip

__all__ = [
    "OTHERS",
    "Difficulty",
    "Look",
    "Row",
    "glucose_meter",
    "laboratory_slip",
    "other",
    "photograph",
    "pressure_meter",
]
