"""What was valid, changed at random: bytes flipped, cut out, doubled, moved, put in from a dictionary of nasty words."""

import random

WORDS = (
    b"",
    b"\0",
    b"\xff\xfe",
    b"\\u0000",
    b"\\ud800",
    b'"',
    b"}" * 9,
    b"[" * 999,
    b"-0",
    b"1e999",
    b"9" * 5_000,
    b"NaN",
    b"null",
    b"true",
    b"{}",
    b'"v":2,',
    b'"mac":null,',
    b'"kind":"ring",',
    b'"action":"close",',
    b"table",
    b"\xe2\x80\xae",
)


def mutated(valid: bytes, dice: random.Random) -> bytes:
    """One to four changes; it may be valid all the same."""
    text = bytearray(valid)
    for _ in range(dice.randint(1, 4)):
        start = dice.randrange(len(text) + 1)
        end = min(len(text), start + dice.randint(0, 12))
        match dice.randrange(6):
            case 0:
                text[start:end] = b""
            case 1:
                text[start:start] = text[start:end] * dice.randint(1, 3)
            case 2:
                text[start:end] = dice.randbytes(end - start)
            case 3:
                text[start:end] = dice.choice(WORDS)
            case 4:
                text[start:start] = dice.choice(WORDS)
            case _:
                del text[start:]
    return bytes(text)
