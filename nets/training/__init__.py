"""Training: number formats, the recipe of the ternary networks, pruning, checkpoints, and what each run leaves."""
