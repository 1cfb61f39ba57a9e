"""Images that no file holds: drawn by hand, and varied as the training varies them."""
