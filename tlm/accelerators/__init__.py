"""The machines: presets, cycle rules, programs, and the parts they are built of."""
