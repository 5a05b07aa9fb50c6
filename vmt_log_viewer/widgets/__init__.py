"""Small parts that several views are made of."""
