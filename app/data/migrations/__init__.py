"""The migrations: SQL files that can be read, and the little that runs them in order."""
