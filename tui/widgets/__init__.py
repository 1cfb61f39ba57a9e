"""The widgets that the panes are built from."""
