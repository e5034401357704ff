"""What a reworded answer must pass before it is sent. Pure functions over data; no graph, no network."""
