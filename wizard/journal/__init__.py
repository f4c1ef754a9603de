"""Sessions on disk: events written down, redacted, read back, and rendered as transcripts."""
