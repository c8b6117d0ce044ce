"""Files of cases: taken in, looked through, handed out, removed. Nothing is opened before it is checked.

storing     bytes under names that nobody can guess; what no row names any more goes
checking    looking through one file: in a process of its own, and by the virus scanner where there is one
adding      the doors by which a file comes to a case and leaves it
serving     the one way out: for those who see the case, on the access log first
"""
