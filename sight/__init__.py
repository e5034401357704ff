"""WHAT A PHOTO SHOWS: meters read twice, laboratory slips, and everything else left to a doctor.

Runs in a process of its own without keys or records: what comes in is a stranger's file. Nothing
here is sure; what is read is read back to the patient.
"""
