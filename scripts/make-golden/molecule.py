"""Golden values for core/molecule from Python RDKit, the exact oracle of its WebAssembly build.

  python scripts/make-golden/molecule.py test/golden/molecule/inputs.smi test/golden/molecule/rdkit.json

Needs rdkit==2026.9.1. One JSON object: a header that names tool, version and command, then one entry per input line.
"""

import json
import sys

from rdkit import Chem, RDLogger, rdBase
from rdkit.Chem import Crippen, Descriptors, Lipinski, rdFingerprintGenerator, rdMolDescriptors
from rdkit.Chem.Scaffolds import MurckoScaffold

RDLogger.DisableLog("rdApp.*")
MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)


def scaffold_of(mol):
    """Murcko scaffold without stereo, in the canonical form that a second reading gives."""
    scaffold = MurckoScaffold.MurckoScaffoldSmiles(mol=mol, includeChirality=False)
    if not scaffold:
        return ""
    again = Chem.MolFromSmiles(scaffold)
    return scaffold if again is None else Chem.MolToSmiles(again)


def entry(smiles):
    mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        return {"input": smiles, "canonical": None}
    counts = MORGAN.GetCountFingerprint(mol).GetNonzeroElements()
    fragments = len(Chem.GetMolFrags(mol))
    return {
        "input": smiles,
        "canonical": Chem.MolToSmiles(mol),
        "morgan": list(MORGAN.GetFingerprint(mol).GetOnBits()),
        "counts": [counts[bit] for bit in sorted(counts)],
        "scaffold": scaffold_of(mol),
        "descriptors": {
            "molecularWeight": Descriptors.MolWt(mol),
            "heavyAtoms": mol.GetNumHeavyAtoms(),
            "heteroAtoms": rdMolDescriptors.CalcNumHeteroatoms(mol),
            "logP": Crippen.MolLogP(mol),
            "polarSurfaceAngstrom2": rdMolDescriptors.CalcTPSA(mol),
            "labuteSurfaceAngstrom2": rdMolDescriptors.CalcLabuteASA(mol),
            "hydrogenBondDonors": rdMolDescriptors.CalcNumHBD(mol),
            "hydrogenBondAcceptors": rdMolDescriptors.CalcNumHBA(mol),
            "rotatableBonds": rdMolDescriptors.CalcNumRotatableBonds(mol),
            "rings": mol.GetNumBonds() - mol.GetNumAtoms() + fragments,
            "aromaticRings": Lipinski.NumAromaticRings(mol),
            "fractionSp3": rdMolDescriptors.CalcFractionCSP3(mol),
            "formalCharge": Chem.GetFormalCharge(mol),
        },
    }


def main(source, target):
    with open(source, encoding="utf-8") as lines:
        inputs = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
    document = {
        "header": {
            "tool": "RDKit (Python)",
            "version": rdBase.rdkitVersion,
            "command": "python scripts/make-golden/molecule.py test/golden/molecule/inputs.smi test/golden/molecule/rdkit.json",
        },
        "molecules": [entry(smiles) for smiles in inputs],
    }
    with open(target, "w", encoding="utf-8") as out:
        out.write('{"header":' + json.dumps(document["header"]) + ',\n"molecules":[\n')
        out.write(",\n".join(json.dumps(m, separators=(",", ":")) for m in document["molecules"]))
        out.write("\n]}\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
