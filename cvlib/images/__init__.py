"""Pictures as arrays: what stands in them, and what is done to them without learning."""
