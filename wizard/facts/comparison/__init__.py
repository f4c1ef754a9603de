"""Two configurations from disk held against each other: what they would disagree on, with no gateway at hand.

`saved` reads what is given, `pairing` finds the connections that belong together, the other modules each
compare one thing about a pair and say it as facts; what the facts mean stands in `flows/trees/compare.yaml`.
"""
