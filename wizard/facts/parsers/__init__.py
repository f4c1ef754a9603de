"""Text from gateways becomes records here: one module for each command or kind of file.

No parser raises on bad input: what can be read is returned, and garbage yields an empty result, because a
gateway that answers nonsense must not end the diagnosis of its peer.
"""
