"""What tests of mass revocations share: plan, start, and run to the end as a worker would, without one."""

from dataclasses import dataclass
from typing import Any

from app.data.engine import Database
from app.domain.ids import MassRevocationId
from app.domain.mass_criteria import MassRole, MassWhat
from app.domain.mass_revocations import MAXIMUM_PACE, MassLease, MassRevocation
from app.domain.operator import Operator, Requester
from app.fanout.publisher import Publisher
from app.operations.plan_mass_revocation import MassAsk, plan_mass_revocation
from app.operations.read_mass_revocation import read_mass_revocation
from app.operations.run_mass_revocation import run_mass_revocation
from app.operations.start_mass_revocation import BegunMassRevocation, start_mass_revocation

OPERATOR = Operator(address="cutoff mass")


def asking(**asked: Any) -> MassAsk:
    """Sessions, as fast as may be, unless something else is asked for."""
    usual: dict[str, Any] = {"what": MassWhat.SESSIONS, "reason": "a drill", "pace": MAXIMUM_PACE}
    return MassAsk(**{**usual, **asked})


@dataclass(frozen=True)
class MassRun:
    """Mass revocations on this database, by operators unless somebody else is named."""

    database: Database
    publisher: Publisher

    def plan(self, by: Requester = OPERATOR, **asked: Any) -> MassRevocation:
        return self.database.transact(plan_mass_revocation, by=by, ask=asking(**asked))

    def start(
        self, job: MassRevocation, by: Requester = OPERATOR, *, accepted: int | None = None
    ) -> BegunMassRevocation:
        return self.database.transact(
            start_mass_revocation, by=by, mass_revocation_id=job.mass_revocation_id, accepted=accepted
        )

    def begin(self, by: Requester = OPERATOR, **asked: Any) -> MassLease:
        begun = self.start(self.plan(by, **asked), by)
        assert begun.lease is not None
        return begun.lease

    def run(self, lease: MassLease) -> MassRevocation:
        """Slice after slice, until nobody needs to go on."""
        leases: tuple[MassLease, ...] = (lease,)
        while leases:
            leases = run_mass_revocation(self.database, self.publisher, leases[0])
        return self.read(lease.mass_revocation_id)

    def read(self, mass_revocation_id: MassRevocationId) -> MassRevocation:
        return self.database.transact(
            read_mass_revocation, by=OPERATOR, mass_revocation_id=mass_revocation_id
        )


__all__ = ["OPERATOR", "MassRole", "MassRun", "MassWhat", "asking"]
