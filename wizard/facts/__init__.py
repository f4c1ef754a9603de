"""What is known of a tunnel: facts, the records they come from, and the parsers that make records of text."""
