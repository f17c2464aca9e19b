"""Molecular dynamics of ligands in a protein pocket: one job document in, one result document per ligand out."""

WORKER_VERSION = "1.0.0"
