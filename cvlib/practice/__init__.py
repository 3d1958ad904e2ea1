"""Out of the notebook: networks made smaller, exported, served, attacked, kept private, scaled."""
