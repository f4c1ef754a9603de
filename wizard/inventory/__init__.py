"""The inventory: which gateways there are, how to log in to them, and which tunnels run between them.

Its format is fixed by the contract (docs: the command line). It holds no secrets: keys stay in their files,
passwords are asked for. Whatever is wrong with it is reported at once, before any gateway is touched.
"""

from wizard.inventory.load import load, load_text
from wizard.inventory.model import Become, EndRef, Gateway, Inventory, NameService, Platform, Service, Tunnel
from wizard.inventory.written import InventoryEntry

__all__ = [
    "Become",
    "EndRef",
    "Gateway",
    "Inventory",
    "InventoryEntry",
    "NameService",
    "Platform",
    "Service",
    "Tunnel",
    "load",
    "load_text",
]
