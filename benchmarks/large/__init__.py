"""Large databases in each family's own schema and with its own indices, the same for a seed."""
