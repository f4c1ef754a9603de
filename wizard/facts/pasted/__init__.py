"""Logs and outputs somebody pasted: no gateway at hand, any prefix, any size, any mixture."""
