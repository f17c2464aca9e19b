/**
 * Makes examples/bace from public data: a retrospective screen for BACE-1 whose answer is known.
 *
 *   node scripts/make-examples/bace.ts DATA_FOLDER
 *
 * DATA_FOLDER holds moleculenet/bace.csv, molecules/aid1706_sars3clpro.csv.gz and fep/bace_*. The sources are named in examples/bace/README.md.
 * The result depends on the data and the seed below only; running it again writes the same bytes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createChemistry, loadRDKit } from '../../core/molecule/chemistry.ts';
import { describeMolecule, descriptorNames } from '../../core/molecule/descriptors.ts';
import { createFingerprintIndex, morganFingerprint } from '../../core/molecule/fingerprint.ts';
import { graphFromCanonicalSmiles } from '../../core/molecule/graph.ts';
import { duplicateKey, standardiseSmiles } from '../../core/molecule/standardise.ts';
import { drawDecoys, rocArea } from './matching.ts';

const SEED = 20261;
const LIBRARY_SIZE = 5_000;
const MAX_SIMILARITY = 0.6;
const ACTIVE_FROM_PK = 7;
/** Properties that must not tell a BACE compound from a decoy, and the length of one step in each. */
const matched = [
  ['heavyAtoms', 2],
  ['logP', 0.6],
  ['estimatedCharge', 0.5],
  ['hydrogenBondDonors', 1],
] as const;

const data = process.argv[2];
if (data === undefined) throw new Error('wanted the folder of the source data as the first argument, found none');
const root = fileURLToPath(new URL('../../', import.meta.url));
const out = join(root, 'examples/bace');
const wasm = readFileSync(join(root, 'node_modules/@rdkit/rdkit/dist/RDKit_minimal.wasm'));
const chemistry = createChemistry(() => loadRDKit(wasm));
const column = (name: (typeof descriptorNames)[number]): number => descriptorNames.indexOf(name);

interface Compound {
  readonly smiles: string;
  readonly descriptors: Float64Array;
}

async function prepare(smiles: string): Promise<Compound | undefined> {
  const outcome = await standardiseSmiles(smiles, chemistry);
  if (!outcome.ok) return undefined;
  return { smiles: outcome.value.smiles, descriptors: describeMolecule(graphFromCanonicalSmiles(outcome.value.smiles)) };
}

/** None of the source tables quotes a field. */
const lines = (text: string): string[][] =>
  text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
const bySeed = (smiles: string): string => duplicateKey(`${SEED}:${smiles}`);
const sortBySeed = <T extends { smiles: string }>(items: T[]): T[] =>
  items.sort((a, b) => (bySeed(a.smiles) < bySeed(b.smiles) ? -1 : 1));

const assay: { id: string; smiles: string; standard: string; pIC50: string }[] = [];
const screened: (Compound & { pIC50: string })[] = [];
const baceCompounds: Compound[] = [];
for (const [i, [smiles, , pIC50, , split]] of lines(readFileSync(join(data, 'moleculenet/bace.csv'), 'utf8')).entries()) {
  const compound = await prepare(smiles!);
  if (compound === undefined) throw new Error(`row ${i + 1} of bace.csv cannot be standardised`);
  baceCompounds.push(compound);
  if (split === 'test') screened.push({ ...compound, pIC50: pIC50! });
  else
    assay.push({
      id: `BACE-${String(assay.length + 1).padStart(4, '0')}`,
      smiles: smiles!,
      standard: compound.smiles,
      pIC50: pIC50!,
    });
}
// Charge states of one compound may lie on both sides of the published split; a label of the library must not stand in the assay.
const screenedForms = new Set(screened.map((compound) => compound.smiles));
const labelled = assay.filter((row) => !screenedForms.has(row.standard));
console.log(
  `${labelled.length} labelled compounds, ${screened.length} kept back; ${assay.length - labelled.length} in both and so not in the assay`,
);

const pool: Compound[] = [];
const poolForms = new Set<string>();
const table = gunzipSync(readFileSync(join(data, 'molecules/aid1706_sars3clpro.csv.gz'))).toString('utf8');
for (const [smiles] of lines(table)) {
  const compound = await prepare(smiles!);
  if (compound === undefined || poolForms.has(compound.smiles)) continue;
  poolForms.add(compound.smiles);
  pool.push(compound);
}
console.log(`${pool.length} screening compounds to choose decoys from`);

const baceIndex = createFingerprintIndex(baceCompounds.map((c) => morganFingerprint(graphFromCanonicalSmiles(c.smiles))));
const isDistant = (i: number): boolean => {
  const fingerprint = morganFingerprint(graphFromCanonicalSmiles(pool[i]!.smiles));
  return baceIndex.nearest(fingerprint, 1)[0]!.similarity <= MAX_SIMILARITY;
};
const project = (compound: Compound): Float64Array => Float64Array.from(matched, ([name]) => compound.descriptors[column(name)]!);
const draws = drawDecoys({
  targets: screened.map(project),
  pool: pool.map(project),
  scales: matched.map(([, scale]) => scale),
  areas: matched.map(() => 0.5),
  count: LIBRARY_SIZE - screened.length,
  draw: (i) => (Number.parseInt(bySeed(pool[i]!.smiles).slice(0, 12), 16) + 0.5) / 2 ** 48,
});
const decoys: Compound[] = [];
for (const i of draws) {
  if (decoys.length === LIBRARY_SIZE - screened.length) break;
  if (isDistant(i)) decoys.push(pool[i]!);
}
console.log(`${decoys.length} decoys`);

const actives = screened.filter((c) => Number(c.pIC50) >= ACTIVE_FROM_PK);
for (const name of descriptorNames) {
  const values = (set: readonly Compound[]): number[] => set.map((c) => c.descriptors[column(name)]!);
  const all = rocArea(values(screened), values(decoys));
  const active = rocArea(values(actives), values([...decoys, ...screened.filter((c) => Number(c.pIC50) < ACTIVE_FROM_PK)]));
  console.log(
    `${name.padEnd(24)} AUC of the ${screened.length} over the decoys ${all.toFixed(3)}, of the ${actives.length} actives over all ${active.toFixed(3)}`,
  );
  const mustMatch = matched.some(([property]) => property === name);
  if (mustMatch && Math.abs(all - 0.5) > 0.05)
    throw new Error(`wanted an AUC within 0.45 to 0.55 for ${name}, found ${all.toFixed(3)}`);
}

const library = sortBySeed([
  ...screened.map((c) => ({ ...c, measured: true })),
  ...decoys.map((c) => ({ ...c, pIC50: '', measured: false })),
]);
const rows = library.map((compound, i) => ({
  ...compound,
  id: `LIB-${String(i + 1).padStart(5, '0')}`,
  plate: `P${String(Math.floor(i / 384) + 1).padStart(2, '0')}`,
}));
for (const folder of ['libraries', 'truth']) mkdirSync(join(out, folder), { recursive: true });
const write = (name: string, text: string | Uint8Array): void => writeFileSync(join(out, name), text);
write('assay.csv', `id,smiles,pIC50\n${labelled.map((row) => `${row.id},${row.smiles},${row.pIC50}\n`).join('')}`);
const libraryText = `id,smiles,plate\n${rows.map((row) => `${row.id},${row.smiles},${row.plate}\n`).join('')}`;
write('libraries/bace-screen.csv.gz', gzipSync(libraryText, { level: 9 }));
const label = (row: (typeof rows)[number]): string =>
  row.measured ? `${row.pIC50},${Number(row.pIC50) >= ACTIVE_FROM_PK ? 1 : 0},measured` : ',0,presumed inactive';
write('truth/labels.csv', `id,pIC50,active,basis\n${rows.map((row) => `${row.id},${label(row)}\n`).join('')}`);
// Anisotropic displacement records double the size and serve nothing here.
const protein = gunzipSync(readFileSync(join(data, 'fep/bace_protein.pdb.gz'))).toString('utf8');
write('target.pdb', protein.replace(/^ANISOU.*\n/gm, ''));
const poses = gunzipSync(readFileSync(join(data, 'fep/bace_ligands.sdf.gz')))
  .toString('utf8')
  .split('$$$$\n');
const reference = poses.find((record) => record.startsWith('CAT-13a\n'));
if (reference === undefined) throw new Error('wanted the pose named CAT-13a in bace_ligands.sdf.gz, found none');
write('reference.sdf', `${reference}$$$$\n`);
