"""The worker as it is started in Batch and by local-sim: a process, its exit code, its files."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, SMALL_SMILES, command, comparable, environment, results, run_worker
from jsonschema import Draft202012Validator
from s3_loopback import Bucket

CANDIDATE = {"id": "candidate", "smiles": SMALL_SMILES}
PHASES = ["ligand", "protein", "place", "charges", "build", "minimise", "heat", "release", "chunk-0000", "chunk-0002", "analyse"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """One finished job of a posed reference and a docked candidate: (job, output folder, stdout)."""
    folder = tmp_path_factory.mktemp("undisturbed")
    job = _module_job(folder)
    done = run_worker(job, folder / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    return job, folder / "out", done.stdout


def _module_job(folder: Path) -> Path:
    from conftest import make_job

    maker = make_job.__wrapped__ if hasattr(make_job, "__wrapped__") else make_job.__pytest_wrapped__.obj
    return maker(folder)(CANDIDATE, folder=folder)


def test_finishes_a_job_and_answers_in_the_contract(undisturbed):
    job, out, stdout = undisturbed
    reference, candidate = results(out)
    schema = Draft202012Validator(json.loads((ROOT / "batch-jobs" / "schemas" / "dynamics-result.json").read_text()))
    for result in (reference, candidate):
        schema.validate(result)
        assert result["status"] == "ok" and result["code"] is None
        assert result["summary"]["simulatedPsTotal"] == pytest.approx(0.8)
        for replica in result["replicas"]:
            assert replica["simulatedPs"] == pytest.approx(0.4)
            lengths = {len(series) for series in replica["series"].values()}
            assert lengths == {10}
            assert abs(replica["energyCheck"]["differenceKcalMol"]) < 0.5
            assert 150 < replica["series"]["temperatureK"][-1] < 450
        assert result["replicas"][0]["series"] != result["replicas"][1]["series"]
    assert reference["docking"] is None
    assert candidate["docking"]["scoresKcalMol"][0] < 0
    assert "DOCKED" in [note["code"] for note in candidate["notes"]]
    assert "A:ASP93" in reference["method"]["pocketResidues"]
    assert any("A:ASP" in bond["acceptor"] for bond in reference["replicas"][0]["hydrogenBonds"])
    assert reference["versions"]["openmm"]


def test_writes_a_trajectory_and_a_last_frame_that_belong_together(undisturbed):
    _, out, _ = undisturbed
    folder = out / "ligand-000"
    result = results(out)[0]
    dcd = (folder / result["replicas"][0]["files"]["trajectory"]).read_bytes()
    assert dcd[4:8] == b"CORD" and int.from_bytes(dcd[8:12], "little") == 10
    lines = [
        line
        for line in (folder / result["replicas"][0]["files"]["lastFrame"]).read_text().splitlines()
        if line.startswith(("ATOM", "HETATM"))
    ]
    assert len(lines) == result["method"]["atoms"] == len((folder / "pocket.pdb").read_text().splitlines()) - 1
    assert any(line[17:26] == "ASP A  93" for line in lines)
    x = np.frombuffer(dcd[-3 * (4 * len(lines) + 8) :][4 : 4 + 4 * len(lines)], dtype="<f4")
    assert np.allclose(x, [float(line[30:38]) for line in lines], atol=2e-3)


def test_never_prints_a_smiles(undisturbed):
    job, out, stdout = undisturbed
    for ligand in json.loads(job.read_text())["ligands"]:
        assert ligand["smiles"] not in stdout
    for line in stdout.splitlines():
        assert set(json.loads(line)) == {"ligand", "id", "phase", "state"}


def test_repeats_itself_byte_for_byte_and_skips_what_is_done(undisturbed):
    job, out, _ = undisturbed
    before = [comparable(result) for result in results(out)]
    # A stage that is done again writes its folder's state again.
    stages = {path: path.stat().st_mtime_ns for path in out.rglob("state.json")}
    assert len(stages) == 6
    assert run_worker(job, out).returncode == 0
    assert [comparable(result) for result in results(out)] == before
    assert {path: path.stat().st_mtime_ns for path in out.rglob("state.json")} == stages


def _phase_file(out: Path, phase: str) -> Path:
    place = out / "ligand-000"
    return place / "replica-0" / "phase.json" if re.match("heat|release|chunk|analyse", phase) else place / "phase.json"


def _wait_for_phase(process: subprocess.Popen, file: Path, phase: str) -> bool:
    """True as soon as the phase has begun; False when the worker ended or passed it."""
    state = file.parent / "state.json"
    while process.poll() is None:
        if state.exists() and phase in json.loads(state.read_text())["stages"]:
            return False
        if file.exists() and json.loads(file.read_text())["phase"] == phase:
            return True
        time.sleep(0.003)
    return False


# Holds a phase once it is announced, so that even the shortest is seen in time on a crowded machine; the strike ends the wait.
HOLD = """import os, time
phase = os.environ.get("QEFM_TEST_HOLD_PHASE")
if phase:
    from dynamics.state import Task
    announce = Task.announce
    def held(self, name, **more):
        announce(self, name, **more)
        if name == phase:
            time.sleep(20)
    Task.announce = held
"""


def _interrupted_everywhere(job: Path, out: Path, how: signal.Signals) -> list[str]:
    struck = []
    site = out.parent / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(HOLD)
    for phase in PHASES:
        # The last worker's word may name this very phase, and would have us strike before this worker listens.
        file = _phase_file(out, phase)
        file.unlink(missing_ok=True)
        process = subprocess.Popen(
            command(job, out, "--index", "0"),
            env=environment(front=str(site), QEFM_TEST_HOLD_PHASE=phase),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        hit = _wait_for_phase(process, file, phase)
        sent = time.monotonic()
        if hit:
            process.send_signal(how)
        stdout, _ = process.communicate(timeout=300)
        if hit and process.returncode != 0:
            struck.append(phase)
            if how == signal.SIGTERM:
                assert process.returncode == 75
                assert time.monotonic() - sent < 60
                told = json.loads((out / "ligand-000" / "progress.json").read_text())
                assert told["state"] == "interrupted"
                # Named when the signal came, which is a while after the phase was seen: the second replica may have begun.
                assert told["phase"] != "done", told
            else:
                assert process.returncode == -9
    return struck


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
def test_resumes_from_every_phase_to_the_undisturbed_result(undisturbed, tmp_path, how):
    reference_job, reference_out, _ = undisturbed
    # The docked ligand, alone in the folder of index 0, so that docking is among the phases.
    data = json.loads(reference_job.read_text())
    job = tmp_path / "job.json"
    candidate, reference = data["ligands"][1], data["ligands"][0]
    job.write_text(json.dumps({**data, "ligands": [candidate, reference]}))
    out = tmp_path / "out"
    struck = _interrupted_everywhere(job, out, how)
    assert struck == PHASES
    assert run_worker(job, out, "--index", "0").returncode == 0
    found = comparable(results(out)[0])
    wanted = comparable(results(reference_out)[1])
    found["ligand"] = {**found["ligand"], "index": 1}
    assert found == wanted


def test_leaves_no_process_behind_when_it_is_killed(make_job, tmp_path):
    job = make_job(CANDIDATE, docking={"exhaustiveness": 64, "poses": 2, "maxEvaluations": 0})
    out = tmp_path / "out"
    process = subprocess.Popen(command(job, out, "--index", "1"), env=environment(), stdout=subprocess.DEVNULL)
    phase = out / "ligand-001" / "phase.json"
    while not (phase.exists() and "place" in phase.read_text()):
        time.sleep(0.02)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    started = [int(pid) for pid in children.read_text().split()]
    assert started
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30
    while any(_is_alive(pid) for pid in started):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie; it may go while it is looked at."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1][:3]
    except OSError:
        return False


def test_does_the_others_when_some_are_bad_or_crash(make_job, tmp_path):
    job = make_job(
        {"id": "poison", "smiles": "CCO"},
        {"id": "boron", "smiles": "OB(O)c1ccccc1"},
        {"id": "broken", "smiles": "C1CC"},
        {"id": "huge", "smiles": "C" * 90},
        {"id": "other-pose", "smiles": "c1ccccc1", "pose": None},
        replicas=1,
        productionPs=0.1,
    )
    data = json.loads(job.read_text())
    data["ligands"][5]["pose"] = data["ligands"][0]["pose"]
    job.write_text(json.dumps(data))
    # Ends the second ligand's process as a broken native library would.
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import os, signal, sys\nif any('ligand-001' in text for text in sys.orig_argv):\n    os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    done = run_worker(job, tmp_path / "out", front=str(site))
    assert done.returncode == 0
    assert [(result["status"], result["code"]) for result in results(tmp_path / "out")] == [
        ("ok", None),
        ("failed", "CRASHED"),
        ("refused", "UNSUPPORTED_ELEMENT"),
        ("refused", "BAD_SMILES"),
        ("refused", "LIGAND_TOO_LARGE"),
        ("refused", "POSE_MISMATCH"),
    ]
    schema = Draft202012Validator(json.loads((ROOT / "batch-jobs" / "schemas" / "dynamics-result.json").read_text()))
    for result in results(tmp_path / "out"):
        schema.validate(result)
        assert (result["message"] is None) == (result["status"] == "ok")


def test_exits_3_when_the_only_ligand_is_refused_and_takes_its_index_from_batch(make_job, tmp_path):
    job = make_job({"id": "boron", "smiles": "OB(O)c1ccccc1"})
    done = run_worker(job, tmp_path / "out", AWS_BATCH_JOB_ARRAY_INDEX="1")
    assert done.returncode == 3
    (result,) = results(tmp_path / "out")
    assert result["ligand"]["id"] == "boron" and result["phase"] == "ligand"


@pytest.mark.parametrize(
    "change,told",
    [
        ({"tier": "long"}, "/tier"),
        ({"replicas": 0}, "/replicas"),
        ({"unknown": 1}, "unknown"),
        ({"ligands": []}, "/ligands"),
        ({"schema": "dynamics-job/2"}, "/schema"),
    ],
)
def test_refuses_a_document_that_is_no_job_with_the_place_of_the_error(make_job, tmp_path, change, told):
    done = run_worker(make_job(**change) if "ligands" not in change else _without_ligands(make_job), tmp_path / "out")
    assert done.returncode == 3
    answer = json.loads(done.stdout)
    assert answer["error"] == "BAD_JOB" and told in answer["message"]


def test_never_quotes_a_smiles_when_it_refuses_a_document(make_job, tmp_path):
    path = make_job()
    job = json.loads(path.read_text())
    secret = job["ligands"][0]["smiles"]
    for ligand in ({**job["ligands"][0], "pose": secret}, {**job["ligands"][0], "role": secret}, secret, {"smiles": secret}):
        path.write_text(json.dumps({**job, "ligands": [ligand]}))
        done = run_worker(path, tmp_path / "out")
        assert done.returncode == 3 and json.loads(done.stdout)["error"] == "BAD_JOB"
        assert "/ligands/0" in done.stdout and secret not in done.stdout


def _without_ligands(make_job) -> Path:
    path = make_job()
    path.write_text(json.dumps({**json.loads(path.read_text()), "ligands": []}))
    return path


def test_exits_74_when_the_job_cannot_be_read(tmp_path):
    done = run_worker(tmp_path / "nothing.json", tmp_path / "out")
    assert done.returncode == 74 and json.loads(done.stdout)["error"] == "IO"


def test_refuses_an_input_that_is_not_the_one_named(make_job, tmp_path):
    path = make_job()
    job = json.loads(path.read_text())
    job["protein"]["sha256"] = "0" * 64
    path.write_text(json.dumps(job))
    assert run_worker(path, tmp_path / "out").returncode == 3
    assert results(tmp_path / "out")[0]["code"] == "INPUT_HASH"


def test_starts_over_when_the_inputs_change_and_extends_when_only_the_length_does(undisturbed, tmp_path):
    job, out, _ = undisturbed
    copy = tmp_path / "out"
    shutil.copytree(out, copy)
    data = json.loads(job.read_text())
    changed = tmp_path / "job.json"
    placed = (copy / "ligand-000" / "pose.sdf").stat().st_mtime_ns
    first = (copy / "ligand-000" / "replica-0" / "chunk-0000.npz").stat().st_mtime_ns

    changed.write_text(json.dumps({**data, "productionPs": 0.8, "ligands": data["ligands"][:1]}))
    assert run_worker(changed, copy).returncode == 0
    longer = results(copy)[0]
    assert len(longer["replicas"][0]["series"]["timePs"]) == 10 and longer["replicas"][0]["simulatedPs"] == pytest.approx(0.8)
    assert (copy / "ligand-000" / "pose.sdf").stat().st_mtime_ns == placed

    changed.write_text(json.dumps({**data, "seed": 8, "ligands": data["ligands"][:1]}))
    assert run_worker(changed, copy).returncode == 0
    other = results(copy)[0]
    assert (copy / "ligand-000" / "pose.sdf").stat().st_mtime_ns != placed
    assert (copy / "ligand-000" / "replica-0" / "chunk-0000.npz").stat().st_mtime_ns != first
    assert other["inputHash"] != longer["inputHash"]
    assert other["replicas"][0]["seed"] != longer["replicas"][0]["seed"]


def test_stops_a_ligand_that_takes_too_long(make_job, tmp_path):
    job = make_job(
        CANDIDATE,
        {"id": "boron", "smiles": "B"},
        docking={"exhaustiveness": 64, "poses": 2, "maxEvaluations": 0},
    )
    data = json.loads(job.read_text())
    data["ligands"] = [data["ligands"][0], {**data["ligands"][1], "smiles": "CCCCCCCC(=O)NCCCCCCCCNC(=O)CCCCCCC"}]
    job.write_text(json.dumps(data))
    # The phases before docking are done without a limit, however crowded the machine is; the limit falls into the docking.
    phase = tmp_path / "out" / "ligand-001" / "phase.json"
    first = subprocess.Popen(command(job, tmp_path / "out", "--index", "1"), env=environment(), stdout=subprocess.DEVNULL)
    while not (phase.exists() and "place" in phase.read_text()):
        assert first.poll() is None
        time.sleep(0.02)
    first.terminate()
    assert first.wait(timeout=120) == 75
    job.write_text(json.dumps({**data, "timeouts": {"ligandSeconds": 15}}))
    done = run_worker(job, tmp_path / "out", "--index", "1")
    (result,) = results(tmp_path / "out")
    assert (done.returncode, result["code"], result["phase"]) == (70, "TIMEOUT", "place")


def test_says_no_disk_at_the_start(make_job, tmp_path, monkeypatch, capsys):
    from dynamics import supervise
    from dynamics.__main__ import main

    monkeypatch.setattr(supervise, "MIN_FREE_BYTES", 2**62)
    assert main(["--job", str(make_job()), "--out", str(tmp_path / "out")]) == 74
    assert json.loads(capsys.readouterr().out)["error"] == "NO_DISK"


def test_resumes_in_a_new_container_from_what_lies_in_s3(undisturbed, tmp_path):
    job, out, _ = undisturbed
    bucket = Bucket()
    try:
        data = json.loads(job.read_text())
        reference = data["ligands"][0]
        for name, entry in (("target.pdb", data["protein"]), ("reference.sdf", reference["pose"])):
            bucket.objects[f"data/run/{name}"] = Path(entry["uri"]).read_bytes()
            entry["uri"] = name if name == "target.pdb" else f"s3://data/run/{name}"
        data["ligands"] = [reference]
        bucket.objects["data/run/job.json"] = json.dumps(data).encode()
        account = {
            "AWS_ENDPOINT_URL": bucket.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "QEFM_JOB_URI": "s3://data/run/job.json",
            "QEFM_OUTPUT_URI": "s3://data/run/output/",
        }

        def start(container: str) -> subprocess.Popen:
            folder = tmp_path / container
            folder.mkdir()
            variables = environment(TMPDIR=str(folder), **account)
            return subprocess.Popen([sys.executable, "-m", "dynamics"], env=variables, stdout=subprocess.PIPE, text=True)

        first = start("first")
        wanted = "data/run/output/ligand-000/replica-0/chunk-0000.npz"
        state = "data/run/output/ligand-000/replica-0/state.json"
        while b"chunk-0000" not in bucket.objects.get(state, b""):
            assert first.poll() is None
            time.sleep(0.02)
        first.kill()
        first.wait()
        shutil.rmtree(tmp_path / "first")
        assert "data/run/output/ligand-000/result.json" not in bucket.objects
        bucket.puts.clear()
        second = start("second")
        assert second.wait(timeout=300) == 0
        found = json.loads(bucket.objects["data/run/output/ligand-000/result.json"])
        assert comparable(found) == comparable(results(out)[0])
        assert wanted not in bucket.puts and "data/run/output/ligand-000/pose.sdf" not in bucket.puts
        assert bucket.objects["data/run/output/ligand-000/replica-1/trajectory.dcd"][4:8] == b"CORD"
        assert "data/run/output/ligand-000/pocket.pdb" in bucket.objects
        assert not list((tmp_path / "second").glob("qefm-dynamics-*/ligand-*"))
    finally:
        bucket.close()


def test_keeps_the_frame_in_which_a_trajectory_blows_up(make_job, tmp_path, monkeypatch):
    from dynamics import child, simulate
    from dynamics.job import ligand_unit, parse_job
    from dynamics.refusal import Failure

    path = make_job(replicas=1, productionPs=4)
    job = parse_job(path.read_bytes())
    folder = tmp_path / "ligand-000"
    folder.mkdir()
    unit = {**ligand_unit(job, 0, str(path), tmp_path / "inputs"), "remote": None, "chargeCache": str(tmp_path / "cache")}
    (folder / "unit.json").write_text(json.dumps(unit))
    child.Worker(folder).prepare()
    # Steps of 40 fs: no integrator survives them.
    import dataclasses

    monkeypatch.setitem(
        simulate.SCHEDULES, "smoke", dataclasses.replace(simulate.SCHEDULES["smoke"], step_fs=40.0, release_ps=4.0)
    )
    worker = child.Worker(folder)
    with pytest.raises(Failure) as failed:
        worker.replica(0)
    assert failed.value.code == "NAN"
    assert (folder / "replica-0" / "failed-frame.pdb").read_text().count("HETATM") == 44


def test_runs_a_short_explicit_simulation(make_job, tmp_path, monkeypatch):
    import dataclasses

    from dynamics import child, simulate, topology
    from dynamics.job import ligand_unit, parse_job
    from dynamics.refusal import Refusal

    path = make_job({"id": "small", "smiles": "Cc1ccccc1"}, tier="explicit", replicas=1, productionPs=0.08)
    job = parse_job(path.read_bytes())
    folder = tmp_path / "ligand-001"
    folder.mkdir()

    def unit(platform: str) -> str:
        protein = tmp_path / "peptide.pdb"
        lines = [
            line
            for line in Path(job["protein"]["uri"]).read_text().splitlines()
            if line[17:26] in ("GLY A 291", "THR A 292", "THR A 293")
        ]
        protein.write_text("\n".join([*lines, "END"]) + "\n")
        made = ligand_unit(job, 1, str(path), tmp_path / "inputs")
        centre = np.array([[float(line[30:38]), float(line[38:46]), float(line[46:54])] for line in lines]).mean(0)
        box = {"centreAngstrom": (centre + [3.0, 3.0, 3.0]).tolist(), "sizeAngstrom": [20.0, 20.0, 20.0]}
        return json.dumps(
            {
                **made,
                "protein": str(protein),
                "reference": None,
                "box": box,
                "platform": platform,
                "remote": None,
                "chargeCache": str(tmp_path / "cache"),
            }
        )

    (folder / "unit.json").write_text(unit("auto"))
    import openmm

    names = {openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())}
    if "CUDA" not in names:
        with pytest.raises(Refusal) as refused:
            child.Worker(folder).prepare()
        assert refused.value.code == "NO_GPU"
    (folder / "unit.json").write_text(unit("CPU"))
    short = dataclasses.replace(
        simulate.SCHEDULES["explicit"], minimise_iterations=40, heat_ps=0.06, release_ps=0.1, frame_ps=0.02, chunk_ps=0.04
    )
    monkeypatch.setitem(simulate.SCHEDULES, "explicit", short)
    padding = topology.build_complex.__defaults__
    monkeypatch.setattr(topology.build_complex, "__defaults__", (9.5,))
    worker = child.Worker(folder)
    worker.prepare()
    worker.replica(0)
    worker.finish()
    assert padding == (topology.SOLVENT_PADDING_ANGSTROM,)
    result = json.loads((folder / "answer.json").read_text())
    Draft202012Validator(json.loads((ROOT / "batch-jobs" / "schemas" / "dynamics-result.json").read_text())).validate(result)
    assert result["status"] == "ok" and result["method"]["solvent"].startswith("TIP3P")
    assert result["method"]["atoms"] > 1000
    assert abs(result["replicas"][0]["energyCheck"]["differenceKcalMol"]) < 0.5
    assert os.path.getsize(folder / "replica-0" / "trajectory.dcd") < 20_000
