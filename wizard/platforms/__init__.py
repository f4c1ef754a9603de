"""How each kind of gateway is spoken to: which commands to run, and which parser reads what comes back."""
