import numpy as np
import pytest
from dynamics.ligand import heavy_positions, read_pose
from dynamics.protein import check_dangers, prepare_protein
from dynamics.refusal import Refusal
from dynamics.topology import check_start


@pytest.fixture(scope="module")
def marker():
    from conftest import GOLDEN

    return heavy_positions(read_pose(str(GOLDEN / "bace-cat-13n.sdf")))


@pytest.fixture(scope="module")
def text():
    from conftest import GOLDEN

    return (GOLDEN / "bace-excerpt.pdb").read_text()


def hetatm(name: str, element: str, residue: str, at, number: int = 900) -> str:
    return f"HETATM 9001 {name:<4} {residue:>3} A{number:4d}    {at[0]:8.3f}{at[1]:8.3f}{at[2]:8.3f}  1.00  0.00          {element:>2}"


def with_lines(text: str, *lines: str) -> str:
    return text.replace("END\n", "\n".join(lines) + "\nEND\n")


def codes(protein) -> list[str]:
    return [note["code"] for note in protein.notes]


def residues_of(protein) -> dict[str, set[str]]:
    """Atoms by Amber residue, for each label of the input."""
    names: dict[int, tuple[str, set[str]]] = {}
    for line in protein.pdb.splitlines():
        if line.startswith("ATOM"):
            names.setdefault(int(line[22:26]), (line[17:20], set()))[1].add(line[12:16].strip())
    return {protein.labels[number - 1]: entry for number, entry in names.items()}


def test_keeps_the_numbers_of_the_input_and_reports_what_it_left_out(text, marker):
    protein = prepare_protein(text, marker, 7.0, 1)
    assert protein.labels[0] == "A:LYS70"
    assert "A:ASP93" in protein.labels and "A:ASP289" in protein.labels
    assert "WATERS_REMOVED" in codes(protein)
    assert codes(protein).count("CHAIN_BREAK") == protein.pdb.count("TER") - 1
    assert "OXT" not in protein.pdb


def test_moves_an_acid_proton_to_the_oxygen_that_the_force_field_knows():
    peptide = """\
ATOM      1  N   ASP A  10       0.000   0.000   0.000  1.00  0.00           N
ATOM      2  CA  ASP A  10       1.458   0.000   0.000  1.00  0.00           C
ATOM      3  C   ASP A  10       2.009   1.420   0.000  1.00  0.00           C
ATOM      4  O   ASP A  10       1.251   2.390   0.000  1.00  0.00           O
ATOM      5  CB  ASP A  10       1.988  -0.773  -1.199  1.00  0.00           C
ATOM      6  CG  ASP A  10       3.500  -0.850  -1.200  1.00  0.00           C
ATOM      7  OD1 ASP A  10       4.100  -1.500  -2.100  1.00  0.00           O
ATOM      8  OD2 ASP A  10       4.150  -0.250  -0.300  1.00  0.00           O
ATOM      9  H   ASP A  10      -0.500   0.850   0.000  1.00  0.00           H
ATOM     10  HD1 ASP A  10       5.060  -1.520  -2.100  1.00  0.00           H
END
"""
    protein = prepare_protein(peptide, np.array([[6.0, 0.0, 3.0]]), 7.0, 1)
    ((name, atoms),) = residues_of(protein).values()
    assert name == "ASH"
    assert "HD2" in atoms and "HD1" not in atoms


@pytest.mark.parametrize("element,residue", [("ZN", "ZN"), ("MG", "MG"), ("CA", "CA"), ("FE", "FE")])
def test_refuses_a_metal_at_the_ligand(text, marker, element, residue):
    with pytest.raises(Refusal) as refused:
        prepare_protein(with_lines(text, hetatm(element, element, residue, marker[0] + [0, 0, 2.2])), marker, 7.0, 1)
    assert refused.value.code == "METAL_IN_POCKET"
    assert "2." in refused.value.message


def test_removes_a_metal_far_away_and_remembers_it_for_a_docked_ligand(text, marker):
    far = marker.max(0) + 9.0
    protein = prepare_protein(with_lines(text, hetatm("ZN", "ZN", "ZN", far)), marker, 7.0, 1)
    assert "HETEROGENS_REMOVED" in codes(protein)
    check_dangers(protein.dangers, marker)
    with pytest.raises(Refusal) as refused:
        check_dangers(protein.dangers, np.array([far + 3.0]))
    assert refused.value.code == "METAL_IN_POCKET"


def test_refuses_a_cofactor_beside_the_ligand_but_not_the_crystal_ligand_itself(text, marker):
    beside = [hetatm(f"C{i}", "C", "NAP", marker.mean(0) + [4.5 + 0.1 * i, 4.5, 0], 901) for i in range(6)]
    with pytest.raises(Refusal) as refused:
        prepare_protein(with_lines(text, *beside), marker, 7.0, 1)
    assert refused.value.code == "COFACTOR_IN_POCKET"
    itself = [hetatm(f"C{i}", "C", "0KN", at + 0.3, 902) for i, at in enumerate(marker)]
    assert "HETEROGENS_REMOVED" in codes(prepare_protein(with_lines(text, *itself), marker, 7.0, 1))


def test_removes_glycerol_with_a_note(text, marker):
    glycerol = [hetatm(f"C{i}", "C", "GOL", marker.mean(0) + [4.5 + i, 4.5, 0], 903) for i in range(3)]
    protein = prepare_protein(with_lines(text, *glycerol), marker, 7.0, 1)
    assert any("GOL" in note["message"] for note in protein.notes)


def test_names_alternate_locations_and_missing_loops(text, marker):
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("ATOM"))
    lines[first] = lines[first][:16] + "A" + lines[first][17:]
    sequence = "SEQRES   1 A    4  SER GLY GLN GLY"
    protein = prepare_protein("\n".join([sequence, *lines]) + "\n", marker, 7.0, 1)
    assert "ALTERNATE_LOCATIONS" in codes(protein)


def test_builds_missing_side_chains_and_says_so(text, marker):
    without = (
        "\n".join(
            line for line in text.splitlines() if not (line[17:26] == "GLN A  73" and line[12:16].strip() in ("CD", "OE1", "NE2"))
        )
        + "\n"
    )
    assert without.count("\n") < text.count("\n")
    protein = prepare_protein(without, marker, 7.0, 1)
    assert "ATOMS_ADDED" in codes(protein)


def test_gives_the_same_protein_for_the_same_seed(text, marker):
    bare = "\n".join(line for line in text.splitlines() if line[76:78].strip() != "H") + "\n"
    first, second = (prepare_protein(bare, marker, 7.0, 4) for _ in range(2))
    assert first.pdb == second.pdb and first.receptor_pdbqt == second.receptor_pdbqt
    assert "HYDROGENS_ADDED" in codes(first)


def test_finds_disulfides():
    def cysteine(number: int, shift: float, mirror: float) -> list[str]:
        atoms = {
            "N": (0, 1.4, 2.0),
            "CA": (0, 0.0, 2.4),
            "C": (1.2, -0.8, 2.9),
            "O": (2.2, -0.3, 3.3),
            "CB": (-0.6, -0.8, 1.25),
            "SG": (0, 0, 1.02),
        }
        return [
            f"ATOM  {number:5d}  {name:<3} CYS {'AB'[number - 1]}{number:4d}    {x + shift:8.3f}{y:8.3f}{z * mirror:8.3f}  1.00  0.00           {name[0]}"
            for name, (x, y, z) in atoms.items()
        ]

    text = "\n".join([*cysteine(1, 0, 1), "TER", *cysteine(2, 0, -1), "TER", "END"]) + "\n"
    protein = prepare_protein(text, np.array([[9.0, 0.0, 0.0]]), 7.0, 1)
    assert protein.disulfides == [(1, 2)]
    assert "CYX" in protein.pdb and " HG " not in protein.pdb


@pytest.mark.parametrize(
    "text",
    ["", "HELLO\n", "ATOM  garbage\n", "HETATM    1 ZN    ZN A   1       0.000   0.000   0.000  1.00  0.00          ZN\nEND\n"],
)
def test_refuses_a_file_that_holds_no_protein(text):
    with pytest.raises(Refusal) as refused:
        prepare_protein(text, np.array([[30.0, 0.0, 0.0]]), 7.0, 1)
    assert refused.value.code == "BAD_PROTEIN"


def test_refuses_a_clashing_start_before_any_energy(text, marker, golden):
    from time import monotonic

    heavy = np.array(
        [
            [float(line[30:38]), float(line[38:46]), float(line[46:54])]
            for line in text.splitlines()
            if line.startswith("ATOM") and line[76:78].strip() != "H"
        ]
    )
    pose = read_pose(str(golden / "bace-cat-13n.sdf"))
    check_start(pose, heavy)
    conformer = pose.GetConformer()
    start = monotonic()
    refusals = []
    for shift in ([2, 0, 0], [-2, 0, 0], [0, 3, 0], [0, -3, 0], [0, 0, 3], [0, 0, -3], [0, 0, -6]):
        from rdkit import Chem

        moved = Chem.Mol(pose)
        for index in range(moved.GetNumAtoms()):
            moved.GetConformer().SetAtomPosition(index, (np.array(conformer.GetAtomPosition(index)) + shift).tolist())
        try:
            check_start(moved, heavy)
        except Refusal as refused:
            refusals.append(refused.code)
    assert refusals.count("BAD_START") >= 6
    assert monotonic() - start < 2


def test_refuses_a_ligand_that_is_nowhere_near(text, golden):
    pose = read_pose(str(golden / "bace-cat-13n.sdf"))
    with pytest.raises(Refusal) as refused:
        check_start(pose, np.array([[100.0, 100.0, 100.0]]))
    assert refused.value.code == "NO_POCKET"
