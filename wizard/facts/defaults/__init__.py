"""What each implementation does where a configuration says nothing, by release."""
