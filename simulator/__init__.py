"""Stand-ins for the outside world. Speaks wire protocols only; imports no product package."""
