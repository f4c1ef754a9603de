"""Diagnosis of broken IPsec tunnels: asks both gateways, walks decision trees, names the cause."""
