"""Adapters to the world: what is told on which occasion, how it is worded, and by what means it leaves."""
