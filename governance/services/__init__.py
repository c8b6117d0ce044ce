"""Writes: approvals are recorded and editions published here and nowhere else."""
