"""A run told to people: its figures as files, and its report as a page."""
