"""Logs of another desk, read: a mapping says what its columns mean, bad rows are named, the rest becomes past cases."""
