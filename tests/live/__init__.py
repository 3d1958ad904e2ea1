"""What the book's pages compute, held to what the package computes."""
