"""The command line: each module declares a group of commands, `service.commands` does them, `program` is the whole.

A new command: declare it in the module of its group (what it takes, its help), do it in the module of the same name in
`service.commands` (`run_…`, returning the exit code). A new group is one line in `program`. Imports of the pipeline
stand inside the functions: `minyi --help` is fast.
"""

from service.cli.program import app, main

__all__ = ["app", "main"]
