"""Several processes that serve as one: what they share, how they speak to one another, who starts and replaces them."""
