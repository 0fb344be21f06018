"""Many runs of one scenario: the points of a sweep file, the processes that run them, the store they land in."""
