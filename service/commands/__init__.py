"""What the commands do: one module for each module of `service.cli`, every function returning its exit code."""
