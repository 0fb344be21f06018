"""Who waits for whom in a system that has stopped, and running it until it does."""
