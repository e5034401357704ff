"""A county-year on a fast clock: the simulated county's words and deeds, through the real ticks.

Everything but the platform's wire is real: reception, turns, delivery, escalation, follow-ups and
the doctors' own functions, on a database that is thrown away. The clock jumps from one due moment
to the next, because every clock of the product is a row.
"""
