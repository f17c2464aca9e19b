/** The ranked table: properties and alerts for many, drawings for the first, coordinates for the SD file. */

import type { Candidate, Ranking } from '../../../core/contracts/artifacts.ts';
import { EncodedShard } from '../../../core/contracts/artifacts.ts';
import { place } from '../../../core/contracts/places.ts';
import type { RankedCompound } from '../../../core/contracts/report.ts';
import { findAlerts, judgeDrugLikeness } from '../../../core/molecule/alerts.ts';
import type { Chemistry } from '../../../core/molecule/chemistry.ts';
import { drawMolecule } from '../../../core/molecule/drawing.ts';
import type { ArtifactStore } from '../artifacts.ts';

const DRAWN = 100;
const ALERTS_CHECKED = 1000;
const SIZE = { widthPx: 220, heightPx: 150 } as const;

/** Descriptors worth a column, by the name a chemist gives them. */
const shownProperties: Record<string, string> = {
  molecularWeight: 'MolWt',
  logP: 'CLogP',
  polarSurfaceAngstrom2: 'TPSA',
  hydrogenBondDonors: 'HBD',
  hydrogenBondAcceptors: 'HBA',
  rotatableBonds: 'RotB',
};

const rounded = (value: number | undefined): number | null => (value === undefined ? null : Number(value.toFixed(2)));

/** Descriptors of the ranked compounds, by `shard/indexInShard`. */
async function descriptorsOf(
  artifacts: ArtifactStore,
  runId: string,
  candidates: readonly Candidate[],
): Promise<Map<string, Float64Array>> {
  const found = new Map<string, Float64Array>();
  for (const shard of new Set(candidates.map((candidate) => candidate.shard))) {
    const { header, tensors } = await artifacts.readTensors(place.encoded(runId, shard), EncodedShard);
    const width = header.descriptorNames.length;
    const data = tensors['descriptors']!.data as Float64Array;
    for (const { indexInShard } of candidates.filter((candidate) => candidate.shard === shard)) {
      found.set(`${shard}/${indexInShard}`, data.subarray(indexInShard * width, (indexInShard + 1) * width));
    }
  }
  return found;
}

/** Every ranked compound with its columns, the first hundred with a drawing. */
export async function compoundFacts(
  artifacts: ArtifactStore,
  runId: string,
  ranking: Ranking,
  descriptorNames: readonly string[],
  truth: ReadonlyMap<string, number> | null,
  chemistry: Chemistry,
): Promise<RankedCompound[]> {
  const descriptors = await descriptorsOf(artifacts, runId, ranking.candidates);
  const rows: RankedCompound[] = [];
  for (const { shard, indexInShard, key: _key, ...candidate } of ranking.candidates) {
    const values = descriptors.get(`${shard}/${indexInShard}`)!;
    const { lipinskiViolations, veber } = judgeDrugLikeness(values);
    const properties: RankedCompound['properties'] = Object.fromEntries(
      Object.entries(shownProperties).map(([name, label]) => [label, rounded(values[descriptorNames.indexOf(name)])]),
    );
    const alerts = candidate.rank <= ALERTS_CHECKED ? await findAlerts(candidate.smiles, chemistry) : null;
    const drawing = candidate.rank <= DRAWN ? await drawMolecule(candidate.smiles, SIZE, chemistry, candidate.id) : null;
    rows.push({
      ...candidate,
      structureSvg: drawing?.ok ? drawing.value : null,
      properties: { ...properties, 'Lipinski violations': lipinskiViolations, Veber: veber ? 'yes' : 'no' },
      alerts: alerts === null ? ['not checked'] : alerts.ok ? alerts.value.map(({ name }) => name) : ['not readable'],
      truthPk: truth?.get(candidate.id) ?? null,
    });
  }
  return rows;
}

/** 2D coordinates as a V2000 block; null for a structure that RDKit cannot lay out. */
export async function molblockOf(smiles: string, chemistry: Chemistry): Promise<string | null> {
  const outcome = await chemistry.withSmiles(smiles, (molecule) => {
    molecule.set_new_coords();
    return molecule.get_molblock();
  });
  return outcome.ok ? outcome.value : null;
}
