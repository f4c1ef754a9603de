"""Logs as people paste them, with every prefix and from every daemon."""
