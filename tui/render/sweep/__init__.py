"""A sweep as cells: a line that sums it up, its trials, and three ways to see what they tell."""
