"""The SPARQL service without HTTP: what is asked, whether it may run, in which form it is answered."""
