"""YAML input: read with every place kept, checked with every problem reported at once in plain sentences."""

from wizard.yaml_source.checked import Entry, Whole, YesNo, check, wrong
from wizard.yaml_source.document import At, Document, ordered, parse, read

__all__ = [
    "At",
    "Document",
    "Entry",
    "Whole",
    "YesNo",
    "check",
    "ordered",
    "parse",
    "read",
    "wrong",
]
