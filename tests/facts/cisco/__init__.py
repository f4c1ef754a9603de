"""Cisco IOS configurations."""
