"""Reading registers out of spreadsheets: pure functions from cells to facts, and what they refuse.

Nothing here guesses. A value is read, or repaired from what the cell itself holds, or refused with
a reason that a village doctor understands.
"""
