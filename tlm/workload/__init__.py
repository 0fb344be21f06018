"""What is executed: layers with their integer tensors, from torch modules or from traces."""
