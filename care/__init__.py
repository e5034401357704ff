"""The rules: pure functions over protocol data. No I/O beyond reading that data, no framework."""
