"""Recording SimCash: experiments, the runs within them, and how much of each is kept."""
