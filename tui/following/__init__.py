"""A run that trains, followed: its journal read into the columns and lines that screens show."""
