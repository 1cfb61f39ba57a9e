"""What lies over the panes: help, quit dialog, export dialog, the notice of a small terminal."""
