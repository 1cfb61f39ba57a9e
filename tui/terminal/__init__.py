"""The line to the terminal: what it shows, what is under way on it, and the signals that end it."""
