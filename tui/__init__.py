"""The application: a command line and a terminal app over the library and the data sets.

It composes `cnnlib` and `data`, and neither of them knows it. Importing this package imports
nothing.
"""
