"""The knowledge base of the demo: made-up articles by the made-up people of `manage.py demo`."""
