import { seeded } from '@qefm/quantum';
import type { GuardDecision, RunRecord } from '../../core/contracts/artifacts.ts';
import { CostPlan, QuantumDecision } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import type { Device } from '../../core/contracts/primitives.ts';
import { DecideQuantum } from '../../core/contracts/steps.ts';
import { latentEncoding } from '../../core/encoding/amplitude.ts';
import { plateauHead } from '../../core/guards/barren-plateau.ts';
import {
  barrenPlateau,
  compareWithDeviceCost,
  decideQuantum,
  headCircuitSize,
  isPaid,
  isQpu,
  MINIMUM_LABELS,
  noiseGuard,
  overEncoding,
  priceTable,
  refineLearning,
  stageCost,
} from '../../core/guards/index.ts';
import type { AffinityModel } from '../../core/model/affinity-model.ts';
import { hiddenFeatures } from '../../core/model/affinity-model.ts';
import type { FeatureTable } from '../../core/model/features.ts';
import { selectFeatures } from '../../core/model/features.ts';
import { headInputs } from '../../core/model/quantum-head.ts';
import { createRefineState, refineDefaults } from '../../core/problems/affinity-state.ts';
import type { RankedEntry } from '../../core/screening/ranking.ts';
import { optimisticPk, selectTop } from '../../core/screening/ranking.ts';
import { errorRates, statedCost } from '../shared/devices.ts';
import { featuresOf, writeState } from '../shared/models.ts';
import { askNeed } from '../shared/need.ts';
import { reportProgress } from '../shared/progress.ts';
import { keepBest, scoredLibrary } from '../shared/scored-library.ts';
import { seedFor } from '../shared/seeds.ts';
import { step } from '../shared/step.ts';
import { trainedModel } from '../shared/trained-model.ts';

/** Labelled compounds whose encoded states the plateau light is measured on. */
const PLATEAU_INPUTS = 256;

type Tools = Parameters<Parameters<typeof step<typeof DecideQuantum.input, typeof DecideQuantum.output>>[1]>[1];

/** The guards in their order, each with its number, on the campaign's own encoded compounds. */
async function askGuards(record: RunRecord, model: AffinityModel, { artifacts }: Tools): Promise<GuardDecision[]> {
  const { quantum, seed } = record.campaign;
  const { qubits, layers, latentSize, refineDevice } = quantum;
  const loading = overEncoding({ qubits, latentSize, fragmentHeavyAtoms: null, loadingFidelity: 1 });
  let plateau: GuardDecision | null = null;
  if (model.hybrid !== null) {
    const { head } = model.hybrid;
    const rows = model.labelled.ids.slice(0, PLATEAU_INPUTS).map((_, row) => row);
    const { u } = hiddenFeatures(model, selectFeatures(model.labelled.features, rows));
    const inputs = headInputs(head, latentEncoding(qubits, latentSize), u).encoded.map(({ amplitudes }) => amplitudes);
    const random = seeded(seedFor(seed, 'plateau'));
    plateau = barrenPlateau({ qubits, head: plateauHead({ layers, entangler: 'ring' }), inputs, random: () => random.uniform() });
  }
  const need = await askNeed(artifacts, record, model, { loading: loading.decision, plateau: plateau?.decision ?? null });
  const qpu = refineDevice !== 'lambda' && isQpu(refineDevice);
  const noise = noiseGuard({
    device: refineDevice,
    isQpu: qpu,
    size: headCircuitSize(qubits, layers),
    rates: qpu ? await errorRates(refineDevice) : null,
  });
  return [...need, loading, ...(plateau === null ? [] : [plateau]), noise, ...(await askPrice(refineDevice))];
}

/** Our dated price beside the one that the service states. A difference is a warning: neither of the two is the bill. */
async function askPrice(device: Device): Promise<GuardDecision[]> {
  if (device === 'lambda') return [];
  const stated = await statedCost(device);
  const evidence = { device, statedUsd: stated?.price ?? null, unit: stated?.unit ?? null, priceTableDate: priceTable.date };
  if (stated === null)
    return [
      {
        guard: 'device-price',
        decision: 'warn',
        message: 'The service states no price for the device; the dated table alone was used.',
        evidence,
      },
    ];
  const difference = compareWithDeviceCost(device, stated);
  return [
    {
      guard: 'device-price',
      decision: difference === null ? 'pass' : 'warn',
      message: difference ?? `The dated table and the service agree on ${stated.price} USD per ${stated.unit}.`,
      evidence,
    },
  ];
}

/** Features of the chosen compounds, in the order of the choice. */
async function gatherFeatures(
  artifacts: Tools['artifacts'],
  runId: string,
  shardCount: number,
  chosen: readonly RankedEntry[],
): Promise<FeatureTable> {
  const parts = new Map<number, FeatureTable>();
  for await (const { shard, file, header } of scoredLibrary(artifacts, runId, shardCount)) {
    const wanted = chosen.filter((entry) => entry.shard === shard);
    if (wanted.length > 0) {
      parts.set(
        shard,
        selectFeatures(
          featuresOf(file, header.ligands.length),
          wanted.map(({ indexInShard }) => indexInShard),
        ),
      );
    }
  }
  const taken = new Map<number, number>();
  const rows = chosen.map(({ shard }) => {
    const row = taken.get(shard) ?? 0;
    taken.set(shard, row + 1);
    return selectFeatures(parts.get(shard)!, [row]);
  });
  const join = <T extends Float64Array | Uint8Array>(pieces: T[], make: (length: number) => T): T => {
    const whole = make(pieces.reduce((length, piece) => length + piece.length, 0));
    let offset = 0;
    for (const piece of pieces) {
      whole.set(piece, offset);
      offset += piece.length;
    }
    return whole;
  };
  return {
    count: rows.length,
    descriptors: join(
      rows.map(({ descriptors }) => descriptors),
      (length) => new Float64Array(length),
    ),
    fingerprints: join(
      rows.map(({ fingerprints }) => fingerprints),
      (length) => new Uint8Array(length),
    ),
  };
}

/** State `DecideQuantum`: the top of the library, the guards' word on it, and the first state of the refinement. */
export const handler = step(DecideQuantum, async ({ runId, stateUri, shardCount }, tools) => {
  const { artifacts, telemetry, run } = tools;
  const record = await run();
  const { quantum, seed } = record.campaign;
  const { model } = await trainedModel(artifacts, stateUri);

  let scored = 0;
  // More than can be chosen: the fraction is of a library whose size is known only at the end.
  const best = keepBest<RankedEntry>(100_000, optimisticPk);
  for await (const { entries } of scoredLibrary(artifacts, runId, shardCount)) {
    scored += entries.length;
    for (const entry of entries) best.add(entry);
  }
  const chosen =
    scored === 0 ? [] : selectTop(best.best(), (quantum.topFraction * scored) / Math.min(scored, 100_000), quantum.refineDevice);

  const guards = await askGuards(record, model, tools);
  const decision = decideQuantum({
    purpose: quantum.purpose,
    device: quantum.refineDevice,
    guards,
    headTrained: model.hybrid !== null && quantum.trainSteps > 0 && model.labelled.ids.length >= MINIMUM_LABELS,
  });
  await artifacts.write(place.decision(runId), QuantumDecision, {
    ...decision,
    selected: chosen.map(({ shard, indexInShard, ligand }) => ({ shard, indexInShard, id: ligand.id })),
  });
  telemetry.info('guards asked', {
    refused: guards.filter(({ decision: word }) => word === 'refuse').length,
    device: decision.deviceUsed,
  });
  await reportProgress(artifacts, runId, 'select', chosen.length, chosen.length, { scored });

  const device = decision.deviceUsed ?? 'lambda';
  if (decision.deviceUsed === null || chosen.length === 0)
    return { refine: false, stateUri, device, reserveMicroUsd: 0, reasons: [] };
  const state = createRefineState(
    model,
    await gatherFeatures(artifacts, runId, shardCount, chosen),
    {
      ...refineDefaults,
      ...refineLearning(device, quantum.latentSize),
      steps: quantum.refineSteps,
      neighbours: quantum.refineNeighbours,
    },
    seedFor(seed, 'refine'),
  );
  const plan = await artifacts.read(place.plan(runId), CostPlan);
  const reserveMicroUsd = isPaid(device) ? stageCost(plan, 'refine') : 0;
  return { refine: true, stateUri: await writeState(artifacts, runId, state), device, reserveMicroUsd, reasons: [] };
});
