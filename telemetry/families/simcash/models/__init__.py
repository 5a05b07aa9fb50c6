"""The tables of every shape of SimCash database, a module a shape that fits no other."""
