"""One reader a format; each trusts nothing that a file says of itself.

Sizes in headers are compared with the real size before memory is taken, compressed files are
bounded, and whatever is wrong becomes a single `DataError` that names the file and the place.
"""
