"""Forms of the pages on which the playbook is written."""
