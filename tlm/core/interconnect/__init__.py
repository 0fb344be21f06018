"""What lies between initiators and targets: routers, buses, interleavers."""
