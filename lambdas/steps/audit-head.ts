import { seeded } from '@qefm/quantum';
import { TooFewLabels } from '../../core/contracts/errors.ts';
import { place } from '../../core/contracts/places.ts';
import { HeadAudit } from '../../core/contracts/report.ts';
import { AuditHead } from '../../core/contracts/steps.ts';
import { MINIMUM_LABELS } from '../../core/guards/index.ts';
import { hiddenFeatures, rowsOf } from '../../core/model/affinity-model.ts';
import type { Split } from '../../core/model/calibration.ts';
import { selectFeatures } from '../../core/model/features.ts';
import { trainHead } from '../../core/model/heads.ts';
import type { AuditRows } from '../../core/screening/ablation.ts';
import { auditHeads } from '../../core/screening/ablation.ts';
import { readLabelled } from '../shared/models.ts';
import { reportProgress } from '../shared/progress.ts';
import { seedFor } from '../shared/seeds.ts';
import { step } from '../shared/step.ts';
import { trainedModel } from '../shared/trained-model.ts';

const SEEDS = 3;

/** State `AuditHead`: the quantum head and its classical twins on the same features and split, judged on compounds none of them saw. */
export const handler = step(AuditHead, async ({ runId, stateUri }, { artifacts, telemetry, run }) => {
  const { quantum, seed } = (await run()).campaign;
  const { model } = await trainedModel(artifacts, stateUri);
  const { header } = await readLabelled(artifacts, runId);
  if (header.ids.length < MINIMUM_LABELS) {
    throw new TooFewLabels(
      `the head and its twins are compared from ${MINIMUM_LABELS} labelled compounds on, found ${header.ids.length}: no head was trained, the classical ranking is the answer`,
    );
  }
  const rowsFor = (split: Split): AuditRows => {
    const rows = rowsOf(model.labelled, split);
    const { u, y } = hiddenFeatures(model, selectFeatures(model.labelled.features, rows));
    return {
      features: u,
      pK: Float64Array.from(rows, (row) => model.labelled.pK[row]!),
      relations: rows.map((row) => model.labelled.relations[row]!),
      classicalPk: y,
    };
  };
  const base = seedFor(seed, 'audit');
  const random = seeded(base, 'bootstrap');
  const audit = auditHeads({
    train: rowsFor('train'),
    validation: rowsFor('validation'),
    test: rowsFor('calibration'),
    testScaffolds: rowsOf(model.labelled, 'calibration').map((row) => header.scaffolds[row]!),
    trainHead,
    seeds: Array.from({ length: SEEDS }, (_, i) => (base + i) >>> 0),
    head: { qubits: quantum.qubits, layers: quantum.layers, latentSize: quantum.latentSize },
    random: () => random.uniform(),
  });
  await artifacts.write(place.audit(runId), HeadAudit, audit);
  telemetry.info('audited', { verdict: audit.verdict, compounds: audit.compounds });
  await reportProgress(artifacts, runId, 'audit', 1, 1, { verdict: audit.verdict });
  return { verdict: audit.verdict };
});
