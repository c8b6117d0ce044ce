"""Pages of the playbook outside the admin."""
