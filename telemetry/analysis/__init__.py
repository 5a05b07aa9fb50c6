"""Questions over several answers of a source: a run told in words, policies compared."""
