"""A convolutional network from scratch in NumPy: every forward and backward pass is here to read."""
