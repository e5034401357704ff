"""SMS: one module per provider, its codes as a table on top; templates, pushes and opt-out beside them."""
