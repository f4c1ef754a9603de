"""Trees, causes and rules: what the engine walks, how it is read from YAML, and what is wrong with it."""
