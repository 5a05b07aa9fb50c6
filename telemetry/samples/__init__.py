"""Small honest economies that record through the recorders: data to look at, and to test with."""
