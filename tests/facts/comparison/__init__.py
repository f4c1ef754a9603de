"""Two configurations held against each other."""
