"""Which flights out of New York arrive late? A small pipeline over the flights of 2013, every step of it cached."""
