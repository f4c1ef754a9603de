"""Actions of remedies, on texts and on files of a folder that stands for a gateway's root."""
