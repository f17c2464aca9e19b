import numpy as np
from dynamics.geometry import contacts, fit, hydrogen_bonds, ligand_rmsd, symmetries
from dynamics.seeds import derive_seed
from dynamics.statistics import block_standard_error, mean_across
from rdkit import Chem
from rdkit.Chem import AllChem


def test_fits_a_turned_copy_exactly():
    generator = np.random.default_rng(3)
    points = generator.normal(size=(12, 3))
    turn, _ = np.linalg.qr(generator.normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    rotation, shift = fit(points @ turn + [1, 2, 3], points)
    assert np.allclose((points @ turn + [1, 2, 3]) @ rotation + shift, points, atol=1e-10)
    assert np.isclose(np.linalg.det(rotation), 1)


def test_counts_the_symmetries_of_known_molecules():
    def count(smiles: str) -> int:
        return len(symmetries(Chem.AddHs(Chem.MolFromSmiles(smiles))))

    assert count("c1ccccc1") == 12
    assert count("CC(=O)[O-]") == 2
    assert count("Cc1ccccc1") == 2
    assert count("CCO") == 1


def test_sees_no_motion_in_a_flipped_ring_and_all_of_a_shift():
    molecule = Chem.AddHs(Chem.MolFromSmiles("Cc1ccccc1"))
    AllChem.EmbedMolecule(molecule, randomSeed=2)
    own = molecule.GetConformer().GetPositions()[:7]
    pocket = np.random.default_rng(1).normal(scale=8, size=(10, 3))
    start = np.vstack([pocket, own])
    orders = symmetries(molecule)
    flip = next(order for order in orders if list(order) != list(range(7)))
    flipped = np.vstack([pocket, own[flip]])
    moved = np.vstack([pocket, own + [0, 0, 2.0]])
    everything = start + [5.0, 0, 0]
    rmsd = ligand_rmsd(np.array([start, flipped, moved, everything]), start, list(range(10)), list(range(10, 17)), orders)
    assert np.allclose(rmsd, [0, 0, 2, 0], atol=1e-6)


def test_finds_contacts_and_hydrogen_bonds_at_their_limits():
    frame = np.array([[0, 0, 0], [1.0, 0, 0], [2.9, 0, 0], [4.4, 0, 0], [0, 4.6, 0]], dtype=float)
    assert contacts(frame, [0], {"A:ASP1": [3], "A:GLY2": [4]}) == {"A:ASP1"}
    ligand = np.array([True, True, False, False, False])
    assert hydrogen_bonds(frame, [(0, 1)], [2], ligand) == [(0, 2)]
    bent = frame.copy()
    bent[2] = [1.0, 1.9, 0]
    assert hydrogen_bonds(bent, [(0, 1)], [2], ligand) == []
    assert hydrogen_bonds(frame, [(0, 1)], [2], np.array([True] * 5)) == []


def test_gives_larger_errors_to_correlated_frames():
    generator = np.random.default_rng(0)
    steps = generator.normal(size=2000)
    slow = np.convolve(steps, np.ones(200) / 200, mode="same")
    naive = slow.std(ddof=1) / np.sqrt(len(slow))
    assert block_standard_error(slow) > 3 * naive
    assert block_standard_error(np.array([1.0])) is None
    assert mean_across([1.0]) == {"mean": 1.0, "standardError": None}
    assert mean_across([1.0, 3.0]) == {"mean": 2.0, "standardError": 1.0}


def test_derives_seeds_that_differ_by_use_and_never_vanish():
    seeds = {derive_seed(7, "a", i) for i in range(1000)} | {derive_seed(8, "a", i) for i in range(1000)}
    assert len(seeds) == 2000
    assert all(0 < seed < 2**31 for seed in seeds)
    assert derive_seed(7, "a", 1) == derive_seed(7, "a", 1)
