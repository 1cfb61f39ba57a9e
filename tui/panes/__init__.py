"""The seven panes, one file each."""
