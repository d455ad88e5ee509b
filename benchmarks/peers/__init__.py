"""What Cutoff is compared with: a hand-written baseline, and what others offer. Each file is a server or a sender."""
