import numpy as np
import pytest
from dynamics.ligand import heavy_positions, prepare_ligand, protonate
from dynamics.refusal import Refusal
from rdkit import Chem
from rdkit.Chem import AllChem

BROKEN = {
    "BAD_SMILES": ["", "   ", "C1CC", "not a molecule", "C(C)(C)(C)(C)C", "\u00e9"],
    "UNSUPPORTED_ELEMENT": ["OB(O)c1ccccc1", "C[Si](C)(C)C", "[Na]", "C[Se]C", "*CC"],
    "RADICAL": ["C[CH2]", "CC(C)(C)N([O])C(C)(C)C"],
    "LIGAND_TOO_LARGE": ["C" * 90, "C" * 5000],
}


@pytest.mark.parametrize("code,smiles", [(code, smiles) for code, group in BROKEN.items() for smiles in group])
def test_refuses_a_bad_compound_with_its_code(code, smiles):
    with pytest.raises(Refusal) as refused:
        prepare_ligand(smiles, None, "as-given", 7, 1)
    assert refused.value.code == code
    assert len(smiles) < 4 or smiles not in refused.value.message


def test_refuses_a_pose_of_another_molecule(golden):
    for smiles in ("c1ccccc1", "CN1C(=O)[C@@](c2cccc(-c3cccc(Cl)c3)c2)(c2ncccn2)[NH+]=C1N"):
        with pytest.raises(Refusal) as refused:
            prepare_ligand(smiles, str(golden / "bace-cat-13n.sdf"), "as-given", 7, 1)
        assert refused.value.code == "POSE_MISMATCH"


def test_refuses_a_pose_without_coordinates(tmp_path):
    for text in ("", "nothing\n", Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")) + "$$$$\n"):
        path = tmp_path / "pose.sdf"
        path.write_text(text)
        with pytest.raises(Refusal) as refused:
            prepare_ligand("CCO", str(path), "as-given", 7, 1)
        assert refused.value.code == "BAD_POSE"


def test_takes_the_charge_of_the_pose_when_the_smiles_is_neutral(golden):
    ligand = prepare_ligand(
        "CN1C(=O)[C@](c2cccc(-c3cccc(Cl)c3)c2)(c2ncccn2)N=C1N", str(golden / "bace-cat-13n.sdf"), "as-given", 7, 1
    )
    assert Chem.GetFormalCharge(ligand.molecule) == 1
    assert [note["code"] for note in ligand.notes] == ["POSE_STATE_USED"]


def test_keeps_the_coordinates_of_a_pose_and_puts_hydrogens_last(golden):
    pose = Chem.MolFromMolFile(str(golden / "bace-cat-13n.sdf"), removeHs=False)
    ligand = prepare_ligand(
        "CN1C(=O)[C@](c2cccc(-c3cccc(Cl)c3)c2)(c2ncccn2)[NH+]=C1N", str(golden / "bace-cat-13n.sdf"), "as-given", 7, 1
    ).molecule
    assert [atom.GetAtomicNum() > 1 for atom in ligand.GetAtoms()] == [True] * 27 + [False] * 17
    assert np.abs(heavy_positions(ligand) - heavy_positions(pose)).max() < 1e-4
    hydrogens = sorted(map(tuple, np.round(ligand.GetConformer().GetPositions()[27:], 3)))
    given = sorted(
        map(
            tuple, np.round(pose.GetConformer().GetPositions()[[a.GetIdx() for a in pose.GetAtoms() if a.GetAtomicNum() == 1]], 3)
        )
    )
    assert hydrogens == given


def test_keeps_the_largest_fragment_and_names_the_salt():
    ligand = prepare_ligand("CCOC(=O)c1ccccc1.[Na+].[Cl-]", None, "as-given", 7, 1)
    assert ligand.molecule.GetNumHeavyAtoms() == 11
    assert ligand.notes[0]["code"] == "SALT_REMOVED"


def test_warns_of_a_stereo_centre_it_had_to_choose():
    assert [note["code"] for note in prepare_ligand("CC(O)Cl", None, "as-given", 7, 1).notes] == ["STEREO_CHOSEN"]
    assert prepare_ligand("C[C@H](O)Cl", None, "as-given", 7, 1).notes == []


CHARGES = [
    ("CC(=O)O", 7.0, -1),
    ("CC(=O)O", 3.0, 0),
    ("CCN", 7.0, 1),
    ("CN(C)C", 7.0, 1),
    ("CCN", 12.0, 0),
    ("CC(=O)NC", 7.0, 0),
    ("c1ccccc1N", 7.0, 0),
    ("c1ccncc1", 7.0, 0),
    ("NC(=N)c1ccccc1", 7.0, 1),
    ("CNC(=NC)N", 7.0, 1),
    ("CS(=O)(=O)NC", 7.0, 0),
    ("c1ccccc1-c1nnn[nH]1", 7.0, -1),
    ("[NH3+]CC(=O)[O-]", 7.0, 0),
    ("CN1CCN(C)CC1", 7.0, 1),
    ("CC#N", 7.0, 0),
    ("CN1C(=O)C(C)(C)N=C1N", 4.5, 1),
    ("CN1C(=O)C(C)(C)N=C1N", 7.4, 0),
]


@pytest.mark.parametrize("smiles,ph,charge", CHARGES)
def test_charges_only_groups_that_are_beyond_doubt(smiles, ph, charge):
    molecule = protonate(Chem.MolFromSmiles(smiles), ph, [])
    assert Chem.GetFormalCharge(molecule) == charge
    assert AllChem.EmbedMolecule(Chem.AddHs(molecule), randomSeed=1) == 0


def test_says_when_a_group_is_too_close_to_call():
    notes = prepare_ligand("CN1C(=O)C(C)(C)N=C1N", None, "rules", 7.4, 1).notes
    assert [note["code"] for note in notes] == ["CHARGE_UNDECIDED"]


def test_gives_the_same_conformer_for_the_same_seed():
    first, second, other = (
        prepare_ligand("CCOC(=O)c1ccccc1", None, "as-given", 7, seed).molecule.GetConformer().GetPositions() for seed in (5, 5, 6)
    )
    assert (first == second).all()
    assert not (first == other).all()
