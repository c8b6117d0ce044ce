"""What the demo shows of the making of law: a change that waits for somebody to decide on it."""
