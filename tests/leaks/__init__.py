"""The needle walk: every address of the desk, as each role, over a case whose every word is a needle."""
