"""Writes: one public function per act, keyword-only, one transaction, with event, history row and outbox inside."""
