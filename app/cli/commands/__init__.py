"""The commands and their options, a file a group; what a command does is in the module of its name in `app.cli`.

To add a command: write it in the file of its group, or in a new one that has an `app` as the others have, and name that
file in `app/cli/main.py`: `app.add_typer(x.app)` for commands of their own (`cutoff node`), `app.add_typer(x.app,
name="x")` for commands of a group (`cutoff x list`). A command imports what it needs in its body and nothing above it,
so that `cutoff --help` stays quick; it takes `--json` (`AsJson` of `options`), ends by `typer.Exit` with an `ExitStatus`
unless all is well, and leaves errors of `app.domain.errors` to `main`, which makes sentences of them. One that ends
credentials asks first (`app.cli.confirmation`).
"""
