"""What happened, in words: kinds of revocations, which are types of audit events too, sources and states."""

from app.domain.receipts import Receipt, ReceiptState

__all__ = ["HAPPENED", "KINDS", "SOURCES", "STATES", "happened", "state_sentence"]

KINDS: dict[str, str] = {
    "session_revoke": "Session ended",
    "session_revoke_all": "All sessions ended",
    "token_revoke": "API token revoked",
    "token_revoke_all": "All API tokens revoked",
    "password_change": "Password changed",
    "logout": "Signed out",
    "refresh_token_reuse": "Refresh token used twice",
    "account_suspend": "Account suspended",
    "account_delete": "Account deleted",
    "account_purge": "Account removed by SQL",
    "support_grant_end": "Support access ended",
    "mass_revocation": "Mass revocation",
    "session_expire": "Session expired",
    "token_expire": "API token expired",
}
"""What a revocation did; a kind that is not here is a newer version's."""

HAPPENED: dict[str, str] = {
    **KINDS,
    "sign_in": "Signed in",
    "token_create": "API token made",
    "account_unsuspend": "Suspension lifted",
    "mass_revocation_plan": "Mass revocation planned",
    "mass_revocation_start": "Mass revocation started",
    "mass_revocation_pause": "Mass revocation paused",
    "mass_revocation_resume": "Mass revocation resumed",
    "mass_revocation_cancel": "Mass revocation given up",
    "support_grant_save": "Support access given",
    "support_grant_update": "Support access changed",
    "support_request_make": "Support access asked for",
    "support_request_approve": "Request for support access approved",
    "support_request_decline": "Request for support access declined",
    "support_request_withdraw": "Request for support access withdrawn",
    "sign_in_as_support": "Support session opened",
    "org_message": "Message under support access",
    "webhook_set": "Webhook set",
    "webhook_delete": "Webhook removed",
    "webhook_give_up": "Webhook not delivered",
}
"""The same with what ends nothing: the types of the audit trail."""

SOURCES: dict[str, str] = {
    "request": "asked for",
    "direct": "by SQL, past the product",
    "expiry": "by the clock",
}

STATES: dict[ReceiptState, str] = {
    ReceiptState.REQUESTED: "asked for",
    ReceiptState.PERFORMED: "under way",
    ReceiptState.COMPLETE: "complete",
    ReceiptState.CONFIRMED: "confirmed",
}


def happened(word: str) -> str:
    """The kind or type in words; the word itself, made readable, where it is a newer version's."""
    return HAPPENED.get(word, word.replace("_", " ").capitalize())


def state_sentence(receipt: Receipt) -> str:
    """How far the revocation is, for somebody who wants to know whether it is really off."""
    match receipt.state:
        case ReceiptState.REQUESTED:
            return "It is on record, and will be carried out in a moment."
        case ReceiptState.PERFORMED:
            return "The credentials are dead. Nodes are closing their sockets, and say so here as they do."
        case ReceiptState.COMPLETE:
            return (
                "It is off: no node carries a message for it any more. "
                f"{_nodes(len(receipt.unconfirmed))} not said so, and had to stop by the end of the lease."
            )
        case ReceiptState.CONFIRMED:
            return "It is off, on every node, and every node has said so."


def _nodes(count: int) -> str:
    return "One node has" if count == 1 else f"{count} nodes have"
