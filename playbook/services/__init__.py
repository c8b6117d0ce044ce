"""Writes: editions are begun, compiled and marked as published here and nowhere else."""
