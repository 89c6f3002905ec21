"""What plugins of Puppet Engine are written with.

A plugin handles one event at a time. It *reads* the world through calls that answer at once, and *decides*: every function
that changes something is recorded while the call runs, and carried out by the host when it returns. A plugin that fails has
changed nothing. Each event gets a fresh instance: what is to stay goes into :mod:`puppet_sdk.state`.
"""

from puppet_sdk.errors import CallError, Declined, Failed
from puppet_sdk.event import Event
from puppet_sdk.personality import Personality
from puppet_sdk.rand import Random

__all__ = ["CallError", "Declined", "Event", "Failed", "Personality", "Random"]
