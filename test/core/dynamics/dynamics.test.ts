import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DynamicsJob, DynamicsResult } from '../../../core/contracts/dynamics.ts';
import { DynamicsFacts } from '../../../core/contracts/report.ts';
import { judgeDynamics, observePose } from '../../../core/dynamics/judge.ts';
import { dynamicsResultKey, estimateDynamics, planDynamics } from '../../../core/dynamics/plan.ts';

const golden = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'golden', 'dynamics', 'smoke-run.json'), 'utf8'));
const job = DynamicsJob.parse(golden.job);
const results = golden.results.map((result: unknown) => DynamicsResult.parse(result)) as DynamicsResult[];
const sha256 = 'a'.repeat(64);
const pose = { uri: 's3://bucket/reference.sdf', sha256 };
const reference = { id: 'ref', name: 'reference', smiles: 'CCO', pose };
const candidate = (id: string) => ({ id, name: id, smiles: 'CCN', pose: null });
const plan = (changes: Partial<Parameters<typeof planDynamics>[0]> = {}) =>
  planDynamics({
    runId: 'run-1',
    tier: 'smoke',
    protein: { uri: 's3://bucket/target.pdb', sha256 },
    reference,
    candidates: [candidate('c1'), candidate('c2')],
    pocketRadiusAngstrom: 7,
    pH: 7.4,
    seed: 20261123,
    ...changes,
  });

describe('planDynamics', () => {
  test('asks for two replicas of ten picoseconds in the smoke tier, reference first', () => {
    const { job, arraySize } = plan();
    expect(job).toMatchObject({ tier: 'smoke', replicas: 2, productionPs: 10, pocketRadiusAngstrom: 7 });
    expect(job.ligands.map(({ id, role }) => [id, role])).toEqual([
      ['ref', 'reference'],
      ['c1', 'candidate'],
      ['c2', 'candidate'],
    ]);
    expect(arraySize).toBe(3);
  });

  test('folds any integer seed into what the worker takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (seed) => {
        expect(DynamicsJob.safeParse(plan({ seed }).job).success).toBe(true);
      }),
    );
  });

  test('refuses nothing to simulate, an id used twice and docking without a place', () => {
    expect(() => plan({ reference: null, candidates: [] })).toThrow(/found neither/);
    expect(() => plan({ candidates: [candidate('ref')] })).toThrow(/found ref twice/);
    expect(() => plan({ reference: null })).toThrow(/reference pose or a box/);
    expect(() => plan({ reference: null, candidates: [{ ...candidate('c1'), pose }] })).not.toThrow();
  });

  test('never promises less for more work', () => {
    const { job: base } = plan();
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 30 }),
        (replicas, ps, n) => {
          const ligands = Array.from({ length: n }, (_, i) => ({ ...base.ligands[1]!, id: `l${i}` }));
          const small = estimateDynamics({ ...base, ligands, replicas, productionPs: ps });
          const large = estimateDynamics({
            ...base,
            ligands: [...ligands, base.ligands[0]!],
            replicas: replicas + 1,
            productionPs: ps * 2,
          });
          expect(large.totalSeconds).toBeGreaterThan(small.totalSeconds);
          expect(small.attemptSeconds).toBeGreaterThanOrEqual(small.secondsPerLigand);
          expect(small.simulatedPsTotal).toBe(n * replicas * ps);
        },
      ),
    );
  });

  test('estimates the recorded smoke run within a factor of two', () => {
    // The recorded times are of a crowded machine; the three ligands took 181 s of processor time.
    expect(plan().estimate.totalSeconds).toBeGreaterThan(90);
    expect(plan().estimate.totalSeconds).toBeLessThan(362);
    expect(plan({ tier: 'explicit' }).estimate.measured).toBe(false);
  });

  test('names the result as the worker does', () => {
    expect(dynamicsResultKey('runs/r/dynamics/output/', 7)).toBe('runs/r/dynamics/output/ligand-007/result.json');
  });
});

describe('judgeDynamics', () => {
  test('gives the smoke tier no verdict and shows its picoseconds', () => {
    const { facts, reasons } = judgeDynamics(job, results);
    expect(DynamicsFacts.parse(facts)).toEqual(facts);
    expect(facts.statement).toContain('2 x 10 ps');
    expect(facts.statement).toContain('none is given');
    expect(JSON.stringify(facts.ligands)).not.toMatch(/binder|stable|verdict/i);
    expect(facts.ligands[0]!.measures).not.toHaveProperty('startingPose');
    expect(facts.ligands[0]!.replicas.map((replica) => replica.timesPs.at(-1))).toEqual([10, 10]);
    expect(facts.ligands[0]!.measures['hydrogenBonds']).toContain('A:ASP93');
    expect(facts.ligands[1]!.pose).toMatch(/docked with AutoDock Vina, exhaustiveness 4, score -\d/);
    expect(reasons).toEqual([
      { code: 'DYNAMICS_INCOMPLETE', message: `1 of 3 ligands have no trajectory: ${job.ligands[2]!.id} (UNSUPPORTED_ELEMENT)` },
    ]);
    expect(facts.ligands[2]!.failure?.code).toBe('UNSUPPORTED_ELEMENT');
  });

  test('repeats the means and errors between replicas of the worker', () => {
    const { measures } = judgeDynamics(job, results).facts.ligands[0]!;
    const values = results[0]!.replicas.map((replica) => replica.mmgbsaKcalMol.mean);
    const mean = (values[0]! + values[1]!) / 2;
    expect(measures['mmgbsaKcalMol']).toBeCloseTo(mean, 3);
    expect(measures['mmgbsaStandardErrorKcalMol']).toBeCloseTo(Math.abs(values[0]! - values[1]!) / 2, 3);
    expect(measures['largestEnergyCheckKcalMol']).toBeLessThan(0.5);
  });

  test('is satisfied when every ligand has its trajectories', () => {
    const whole = { ...job, ligands: job.ligands.slice(0, 2) };
    expect(judgeDynamics(whole, results.slice(0, 2)).reasons).toEqual([]);
  });

  test('says DYNAMICS_UNAVAILABLE once when the worker could not run', () => {
    const { facts, reasons } = judgeDynamics(job, [null, null, null], 'no Python 3.10 to 3.12 was found');
    expect(reasons).toEqual([{ code: 'DYNAMICS_UNAVAILABLE', message: 'no Python 3.10 to 3.12 was found' }]);
    expect(facts.ligands.every((ligand) => ligand.failure?.code === 'DYNAMICS_UNAVAILABLE' && ligand.replicas.length === 0)).toBe(
      true,
    );
  });

  test('tells failed from incomplete', () => {
    expect(judgeDynamics(job, [null, null, results[2]!]).reasons[0]).toMatchObject({ code: 'DYNAMICS_FAILED' });
    expect(judgeDynamics(job, [results[0]!, null, results[2]!]).reasons[0]?.message).toContain('(NO_RESULT)');
  });

  test('refuses results of another job', () => {
    expect(() => judgeDynamics(job, results.slice(1))).toThrow(RangeError);
    expect(() => judgeDynamics(job, [results[1]!, results[0]!, results[2]!])).toThrow(/wanted the smoke result/);
  });

  test('describes the pose of longer tiers by all replicas together and never that of smoke', () => {
    const screen = (...pairs: [number, number][]): DynamicsResult => ({
      ...results[0]!,
      tier: 'screen',
      replicas: pairs.map(([rmsdLastHalfAngstrom, contactsKept]) => ({
        ...results[0]!.replicas[0]!,
        rmsdLastHalfAngstrom,
        contactsKept,
      })),
    });
    expect(observePose(screen([1, 0.9], [1.9, 0.7]))).toBe('kept');
    expect(observePose(screen([1, 0.9], [3.5, 0.9]))).toBe('unclear');
    expect(observePose(screen([3.5, 0.9], [1, 0.4]))).toBe('left');
    expect(observePose(screen())).toBeNull();
    expect(observePose(results[0]!)).toBeNull();
  });
});
