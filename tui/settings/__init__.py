"""What can be set: of a training, each value checked, and the user's own preferences of the app."""
