"""Reads of the playbook."""
