"""The edges: the command line and what people read; everything that decides is in `pipeline`."""
