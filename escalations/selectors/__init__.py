"""Reads: return querysets or core values, change nothing."""
