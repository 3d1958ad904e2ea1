"""Tasks: say where things are, not only what is in the picture."""
