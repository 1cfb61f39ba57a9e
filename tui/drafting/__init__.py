"""What is written before a training: the layers of a network, and the settings as a form."""
