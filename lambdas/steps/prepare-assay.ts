import { FINGERPRINT_BYTES, LabelledSet } from '../../core/contracts/artifacts.ts';
import { InvalidAssay } from '../../core/contracts/errors.ts';
import { campaignKey, place } from '../../core/contracts/places.ts';
import { PrepareAssay } from '../../core/contracts/steps.ts';
import { readAssay } from '../../core/molecule/assay.ts';
import { describeMolecule, descriptorNames } from '../../core/molecule/descriptors.ts';
import { morganFingerprint } from '../../core/molecule/fingerprint.ts';
import { graphFromCanonicalSmiles } from '../../core/molecule/graph.ts';
import { murckoScaffold, scaffoldSplit } from '../../core/molecule/scaffold.ts';
import { duplicateKey } from '../../core/molecule/standardise.ts';
import { warmChemistry } from '../shared/chemistry.ts';
import { reportProgress } from '../shared/progress.ts';
import { step } from '../shared/step.ts';

/** No scaffold on two sides: what is measured on the last two was never trained on, nor anything like it. */
const FRACTIONS = { train: 0.7, validation: 0.15, test: 0.15 } as const;

/** State `PrepareAssay`: the labelled table by its written rules, split by scaffold, with the features of every compound. */
export const handler = step(PrepareAssay, async ({ runId }, { artifacts, telemetry, run }) => {
  const { campaign } = await run();
  const chemistry = warmChemistry();
  const { file: _file, noisePk, activeFromPk: _active, ...columns } = campaign.assay;
  const table = await readAssay(await artifacts.readBytes(campaignKey(campaign.name, campaign.assay.file)), columns, chemistry);
  const count = table.compounds.length;
  if (count === 0) throw new InvalidAssay('not one labelled compound is left after the rules of curation');

  const descriptors = new Float64Array(count * descriptorNames.length);
  const fingerprints = new Uint8Array(count * FINGERPRINT_BYTES);
  const scaffolds: string[] = [];
  const heavyAtoms: number[] = [];
  for (const [i, { smiles }] of table.compounds.entries()) {
    const graph = graphFromCanonicalSmiles(smiles);
    descriptors.set(describeMolecule(graph), i * descriptorNames.length);
    fingerprints.set(morganFingerprint(graph), i * FINGERPRINT_BYTES);
    const scaffold = await murckoScaffold(graph, chemistry);
    scaffolds.push(scaffold.ok ? scaffold.value : '');
    heavyAtoms.push(graph.atomicNumbers.filter((z) => z > 1).length);
  }
  const splits = scaffoldSplit(scaffolds, FRACTIONS).map((split) => (split === 'test' ? ('calibration' as const) : split));
  const header = LabelledSet.parse({
    schema: 'labelled-set/1',
    quantity: table.quantity,
    ids: table.compounds.map(({ id }) => id),
    smiles: table.compounds.map(({ smiles }) => smiles),
    keys: table.compounds.map(({ smiles }) => duplicateKey(smiles)),
    relations: table.compounds.map(({ relation }) => relation),
    scaffolds,
    splits,
    heavyAtoms,
    descriptorNames: [...descriptorNames],
    rules: table.rules,
    rejected: table.rejected,
    noisePk,
  });
  await artifacts.writeTensors(place.labelled(runId), {
    header,
    tensors: {
      pK: { shape: [count], data: Float64Array.from(table.compounds, ({ pK }) => pK) },
      sdPk: { shape: [count], data: Float64Array.from(table.compounds, ({ sdPk }) => sdPk) },
      descriptors: { shape: [count, descriptorNames.length], data: descriptors },
      fingerprints: { shape: [count, FINGERPRINT_BYTES], data: fingerprints },
    },
  });
  telemetry.info('assay curated', { compounds: count, rejected: table.rejected.length });
  await reportProgress(artifacts, runId, 'assay', count, count, { rejected: table.rejected.length });
  return { labelled: count, rejected: table.rejected.length };
});
