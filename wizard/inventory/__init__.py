"""The inventory: which gateways there are, how to log in to them, and which tunnels run between them.

Its format is fixed by the contract (docs: the command line). It holds no secrets: keys stay in their files,
passwords are asked for. Whatever is wrong with it is reported at once, before any gateway is touched.
`load` reads it, `kept` only if it has changed, `written` says what it may hold: each is imported by whoever needs it.
"""

from wizard.inventory.model import Become, EndRef, Gateway, Inventory, NameService, Platform, Service, Tunnel

__all__ = [
    "Become",
    "EndRef",
    "Gateway",
    "Inventory",
    "NameService",
    "Platform",
    "Service",
    "Tunnel",
]
