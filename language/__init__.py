"""What they mean: normalising, numerals, concepts and the reading grammar. Pure functions over data."""
