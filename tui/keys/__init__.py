"""Which key does what: one table of commands, and the bindings, labels and pages made from it."""
