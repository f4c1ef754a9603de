"""Parsers of strongSwan: outputs of 5.9.8 and 6.0.1 as recorded, and what must hold for any text."""
