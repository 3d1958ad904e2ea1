"""Tasks beyond one label for each picture: where something is, and which pixels it has."""
