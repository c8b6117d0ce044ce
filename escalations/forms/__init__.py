"""Short forms of the acts on a case: they parse what was typed and turn it into a service's arguments, no more.

Rules stay in the services: a form refuses only what it cannot read. `errors_from` puts a service's refusal beside the
field that it names.
"""
