"""Item models over the concepts: the run tree, the paged tables, the facts of a run."""
