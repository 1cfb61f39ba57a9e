"""The images that a network gets wrong: listed, filtered, and noted by the user."""
