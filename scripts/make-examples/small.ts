/**
 * Makes the small examples that tests run on: examples/bace-tiny (out of examples/bace) and examples/refused (out of MoleculeNet's BBBP table).
 *
 *   node scripts/make-examples/small.ts DATA_FOLDER
 *
 * DATA_FOLDER holds moleculenet/bbbp.csv. Running it again writes the same bytes.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { duplicateKey } from '../../core/molecule/standardise.ts';

const SEED = 20261;
const ASSAY_COMPOUNDS = 60;
const SCREENED = 8;
const DECOYS = 24;
const POCKET_RADIUS_ANGSTROM = 10;

const data = process.argv[2];
if (data === undefined) throw new Error('wanted the folder of the source data as the first argument, found none');
const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const read = (name: string): string => readFileSync(join(examples, name), 'utf8');
const table = (text: string): string[][] =>
  text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
const pick = (rows: string[][], count: number, column: number): string[][] =>
  rows
    .map((row) => ({ row, order: duplicateKey(`${SEED}:${row[column]}`) }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .slice(0, count)
    .map(({ row }) => row);

function makeTiny(): void {
  const out = join(examples, 'bace-tiny');
  for (const folder of ['libraries', 'truth']) mkdirSync(join(out, folder), { recursive: true });
  const assay = pick(table(read('bace/assay.csv')), ASSAY_COMPOUNDS, 0);
  writeFileSync(join(out, 'assay.csv'), `id,smiles,pIC50\n${assay.map((row) => `${row.join(',')}\n`).join('')}`);

  const library = table(gunzipSync(readFileSync(join(examples, 'bace/libraries/bace-screen.csv.gz'))).toString('utf8'));
  const labels = table(read('bace/truth/labels.csv'));
  const measured = new Map(labels.filter((row) => row[3] === 'measured').map((row) => [row[0], row[1]!]));
  const screened = pick(
    library.filter((row) => measured.has(row[0])),
    SCREENED,
    0,
  );
  const decoys = pick(
    library.filter((row) => !measured.has(row[0]) && row[1]!.length < 60),
    DECOYS,
    0,
  );
  const sound = pick([...screened, ...decoys], SCREENED + DECOYS, 0).map(([id, smiles]) => `${id},${smiles},P01`);
  // Rows that a real file may hold: each is answered by itself, and the 32 sound rows by as many ligands.
  const [first, second] = sound as [string, string];
  const hostile = [
    'BAD-1,C1CC(,P01',
    'BAD-2,,P01',
    'BAD-3,CC\u00e9O,P01',
    `BAD-4,${'C'.repeat(2_100)},P01`,
    'BAD-5,[Na+].[Cl-],P01',
    `DUP-1,${first.split(',')[1]},P02`,
    `SALT-1,${second.split(',')[1]}.Cl,P02`,
    'LONG-1,"CC(=O)Nc1ccc(O)cc1","a plate\nwith two lines"',
  ];
  const rows = [...sound.slice(0, 10), ...hostile.slice(0, 4), ...sound.slice(10, 20), ...hostile.slice(4), ...sound.slice(20)];
  writeFileSync(join(out, 'libraries/bace-tiny.csv'), `id,smiles,plate\n${rows.join('\n')}\n`);
  const truth = screened.map(([id]) => `${id},${measured.get(id!)},${Number(measured.get(id!)) >= 7 ? 1 : 0},measured\n`);
  writeFileSync(join(out, 'truth/labels.csv'), `id,pIC50,active,basis\n${truth.join('')}`);

  writeFileSync(join(out, 'reference.sdf'), read('bace/reference.sdf'));
  writeFileSync(join(out, 'target.pdb'), pocketOf(read('bace/target.pdb'), read('bace/reference.sdf')));
}

/** Whole residues with an atom near the ligand. Enough for a parser, not for dynamics. */
function pocketOf(pdb: string, sdf: string): string {
  const lines = sdf.split('\n');
  const ligand = lines
    .slice(4, 4 + Number(lines[3]!.slice(0, 3)))
    .map((line) => [0, 10, 20].map((at) => Number(line.slice(at, at + 10))));
  const near = new Set<string>();
  const atoms = pdb.split('\n').filter((line) => line.startsWith('ATOM'));
  for (const line of atoms) {
    const position = [30, 38, 46].map((at) => Number(line.slice(at, at + 8)));
    const isNear = ligand.some((atom) => Math.hypot(...atom.map((x, k) => x - position[k]!)) <= POCKET_RADIUS_ANGSTROM);
    if (isNear) near.add(line.slice(17, 27));
  }
  return `${atoms.filter((line) => near.has(line.slice(17, 27))).join('\n')}\nEND\n`;
}

function makeRefused(folder: string): void {
  const out = join(examples, 'refused');
  mkdirSync(join(out, 'libraries'), { recursive: true });
  const rows = pick(
    table(readFileSync(join(folder, 'moleculenet/bbbp.csv'), 'utf8')).filter(
      (row) => row.length === 3 && row[0]!.length < 80 && !row[0]!.includes('.'),
    ),
    100,
    0,
  );
  const assay = rows
    .slice(0, 60)
    .map(([smiles, permeable], i) => `BBB-${String(i + 1).padStart(3, '0')},${smiles},${permeable}\n`);
  const library = rows.slice(60).map(([smiles], i) => `NEW-${String(i + 1).padStart(3, '0')},${smiles}\n`);
  writeFileSync(join(out, 'assay.csv'), `id,smiles,permeable\n${assay.join('')}`);
  writeFileSync(join(out, 'libraries/bbbp-excerpt.csv'), `id,smiles\n${library.join('')}`);
}

makeTiny();
makeRefused(data);
