"""The app itself: it wires the panes to one session, starts long work, and leaves."""
