"""The front ends: they show events and carry requests out, and decide nothing."""
