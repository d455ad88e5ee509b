"""The pure cores: who is attached, who may speak, and until when. No I/O, no clock, no asyncio.

Whatever stays open on a node registers here, event streams too. The same classes run in production, under the
simulator and in the exhaustive search.
"""
