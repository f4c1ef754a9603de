"""Gateways for the first run: sessions recorded in the lab, served by a real SSH server on loopback."""

from wizard.demo.scene import Scene
from wizard.demo.server import Pace
from wizard.demo.tape import Header

__all__ = ["Header", "Pace", "Scene"]
