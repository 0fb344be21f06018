"""The base protocol checker: looks on at hops, and raises where a call breaks a rule."""
