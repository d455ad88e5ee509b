"""The commands and their options. What they do is imported when they run, so that `cutoff --help` is quick."""

# ruff: noqa: PLC0415 - a command imports what it needs, and no more

import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app.cli.exit_status import ExitStatus

__all__ = ["app", "main"]

EPILOG = "Exit status: " + " · ".join(f"{status.value} {status.meaning}" for status in ExitStatus) + "."

app = typer.Typer(
    name="cutoff",
    help="Revocation that reaches the socket: a credential ends, and its WebSockets close on every node.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
nodes_app = typer.Typer(help="The nodes that hold sockets.", invoke_without_command=True, epilog=EPILOG)
app.add_typer(nodes_app, name="nodes")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
NodeCount = Annotated[int, typer.Option("--nodes", min=1, max=16, help="How many nodes.")]


def main() -> None:
    """The process ends with a documented status; what went wrong is one sentence on stderr."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(ExitStatus.INTERRUPTED)
    except Exception as error:
        from app.cli.problems import problem_of

        problem = problem_of(error)
        if problem is None:
            raise
        print(f"cutoff: {problem.sentence}", file=sys.stderr)
        sys.exit(problem.status)


@app.command()
def node(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any.")] = 8000,
    uds: Annotated[Path | None, typer.Option(help="Listen on this Unix socket instead.")] = None,
) -> None:
    """Run one node: the HTTP API, the pages and the sockets."""
    from app.cli.node import serve

    serve(host=host, port=port, uds=uds)


@app.command()
def migrate() -> None:
    """Bring the database at DATABASE_URL to this version's tables and triggers."""
    from app.cli.migrate import migrate_database

    migrate_database()


@app.command()
def account(
    email: Annotated[str, typer.Argument(help="What the account signs in with.")],
    *,
    global_admin: Annotated[
        bool, typer.Option("--global-admin", help="May end anybody's credentials.")
    ] = False,
    org: Annotated[
        str | None, typer.Option(help="Slug of its organization, which is made if it is new.")
    ] = None,
    org_admin: Annotated[bool, typer.Option("--org-admin", help="As the organization's admin.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add an account; its password is asked for, or read from a pipe."""
    from app.cli.account import add_and_print

    add_and_print(email, is_global_admin=global_admin, org=org, is_org_admin=org_admin, as_json=as_json)


@app.command()
def up(
    nodes: NodeCount = 2,
    port: Annotated[
        int, typer.Option(min=1, max=65000, help="Port of the first node; others follow.")
    ] = 8000,
) -> None:
    """Run a whole fleet on this machine until Ctrl-C: servers, nodes, worker, beat, demo accounts."""
    from app.cli.up import run_fleet

    run_fleet(nodes=nodes, port=port)


@app.command()
def demo(
    *,
    nodes: Annotated[int, typer.Option("--nodes", min=2, max=16, help="How many nodes.")] = 2,
    as_json: AsJson = False,
) -> None:
    """End credentials in every way on a real fleet, and see exactly the right sockets close."""
    from app.cli.demo.run import run_demo

    raise typer.Exit(run_demo(nodes=nodes, as_json=as_json))


@nodes_app.callback()
def list_all(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the nodes with a row: current or not, subscribed or not, sockets."""
    if context.invoked_subcommand is not None:
        return
    from app.cli.nodes import print_nodes

    print_nodes(as_json=as_json)


@nodes_app.command()
def forget(node_id: Annotated[UUID, typer.Argument(help="The node's id.")]) -> None:
    """Remove a node that will not come back, so that no receipt waits for it. Be sure that it carries no socket."""
    from app.cli.nodes import forget_for_good

    forget_for_good(node_id)


@app.command()
def receipt(
    revocation_id: Annotated[UUID, typer.Argument(help="The revocation's id.")],
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Wait until it is complete.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a revocation closed, where, and whether every node has confirmed it."""
    from app.cli.receipt import print_receipt

    raise typer.Exit(print_receipt(revocation_id, watch=watch, as_json=as_json))


@app.command()
def revoke(
    kind: Annotated[str, typer.Argument(help="session, token, account-sessions, account-tokens or suspend.")],
    target_id: Annotated[UUID, typer.Argument(help="Id of the session, the API token or the account.")],
    *,
    wait_s: Annotated[
        float, typer.Option("--wait", min=0, max=300, help="Seconds to wait for the receipt.")
    ] = 10,
    as_json: AsJson = False,
) -> None:
    """End a session, an API token, or all of an account's, and print the receipt."""
    from app.cli.revoke import revoke_and_print

    raise typer.Exit(revoke_and_print(kind, target_id, wait_s=wait_s, as_json=as_json))


if __name__ == "__main__":
    main()
