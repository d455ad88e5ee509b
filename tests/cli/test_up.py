"""`cutoff up` twice at the same moment, and beside somebody else's server. (What it starts: `tests.acceptance`, `tests.docs`.)"""

import socket
from contextlib import ExitStack, closing

from app.cli.fleet.fleet import HOST
from app.cli.up import _free_from
from app.embedded.free_port import free_port


def test_two_fleets_that_start_at_once_take_different_ports():
    wanted = free_port()
    with ExitStack() as mine:
        assert _free_from(wanted, mine) == wanted
        with ExitStack() as another:
            assert _free_from(wanted, another) != wanted
    with ExitStack() as later:
        assert _free_from(wanted, later) == wanted


def test_a_port_that_somebody_has_is_left_to_them():
    with closing(socket.create_server((HOST, 0))) as server, ExitStack() as claims:
        taken = server.getsockname()[1]
        assert _free_from(taken, claims) != taken
