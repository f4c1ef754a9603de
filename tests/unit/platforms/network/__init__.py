"""Actions on a gateway's network: on recorded outputs, and on a kernel of their own in a network namespace."""
