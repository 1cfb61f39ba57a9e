"""What lies over the panes: help, quit dialog, export dialog, and the notice of a small terminal."""
