"""A county that lives: households, illnesses, dialects and doctors, on anybody's clock.

It knows no product package. Words go in (`World.receive`, `World.ring`), words and deeds come out
(`World.happenings`), and it remembers the truth behind each of them, so that a run can be judged.
"""
