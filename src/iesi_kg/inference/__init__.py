"""Rules compiled from the ontology, what follows from the published statements by them, and why (OWL 2 RL)."""
