"""When: fixed interval ticks over due rows; no patient job lives in a scheduler."""
