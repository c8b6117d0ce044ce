"""Benches: each measures the product against a floor or a rival in the same run. `make bench` runs them."""
