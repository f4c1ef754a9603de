"""The front end for scripts: no questions, one document on stdout, words for people on stderr."""
