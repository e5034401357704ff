"""Measurements of the whole product beside the floor of the same machine in the same run."""
