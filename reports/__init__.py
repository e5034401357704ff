"""Figures for the clinic and the bureau, each with one definition."""
