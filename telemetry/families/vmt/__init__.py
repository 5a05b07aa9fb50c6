"""The VMT family: agents on a grid who forage and trade two goods, with or without money."""
