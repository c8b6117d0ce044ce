"""The pure part of the playbook: reading editions as written, and compiling them. No Django, no clock."""
