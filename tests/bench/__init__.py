"""What is measured rather than tested: accuracy and speed, reported as tables."""
