import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { textsOf } from '../../../models/pretraining/evaluate.ts';
import { decodeCorpus } from '../../../models/pretraining/packed.ts';
import { type Prepared, prepare } from '../../../models/pretraining/prepare.ts';
import { librarySmiles } from '../../support/small-corpus.ts';

const folder = mkdtempSync(join(tmpdir(), 'qefm-prepare-'));
afterAll(() => rmSync(folder, { recursive: true }));

function put(path: string, rows: readonly string[]): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  const text = rows.map((row) => `${row}\n`).join('');
  writeFileSync(join(folder, path), path.endsWith('.gz') ? gzipSync(text) : text);
}

const moses = librarySmiles.slice(0, 30);
const screened = librarySmiles.slice(20, 50);
put('data/molecules/moses_train.smi.gz', [...moses, 'OCC', 'C1CC', 'CCO']);
put('data/molecules/aid1706_sars3clpro.csv.gz', [
  'smiles,active,split',
  ...screened.map((smiles) => `${smiles},0,train`),
  'C1=CC=CC=C1C[NH3+].[Cl-],1,train',
  'C[C@@H](N)C(=O)Nc1ccccc1,0,dev',
  '[Na+].[Cl-],0,test',
  'CCO,0,train',
]);
put('data/affinity/davis_ligands.csv', ['drug,id,smiles', `0,1,${moses[3]}`]);
put('data/affinity/kiba_ligands.csv', ['drug,id,smiles', '0,1,C[C@H](N)C(=O)Nc1ccccc1', '1,2,[Na+].[Cl-]']);
put('examples/bace/assay.csv', ['id,smiles,pIC50', `B1,${screened[25]},7`]);
put('examples/bace/libraries/bace-screen.csv.gz', ['id,smiles,plate', `L1,${screened[26]},P01`, `L2,${moses[4]},P01`]);

const lines: string[] = [];
const run = (out: string, workers: number, seed = 1): Promise<Prepared> =>
  prepare({
    data: join(folder, 'data'),
    examples: join(folder, 'examples'),
    out: join(folder, out),
    seed,
    validationShare: 0.3,
    workers,
    print: (line) => void lines.push(line),
  });
const bytes = (out: string, name: string) => readFileSync(join(folder, out, name));

describe('prepare', () => {
  test('accounts for every row, and packs what is left', async () => {
    const { sources, heldOut, heldOutWithoutForm, unknown, files } = await run('one', 1);
    expect(heldOut).toEqual({ 'bace decoys and truth': 2, 'bace assay': 1, davis: 1, kiba: 1 });
    expect(heldOutWithoutForm).toBe(1);
    const { moses: m, aid1706: a } = sources as Record<'moses' | 'aid1706', NonNullable<(typeof sources)[string]>>;
    expect(m).toMatchObject({
      rows: 33,
      rejected: { UNPARSABLE: 1 },
      heldOut: { davis: 1, 'bace decoys and truth': 1 },
      repeated: 1,
    });
    expect(m.train + m.validation).toBe(29);
    expect(a).toMatchObject({
      rows: 34,
      rejected: { NO_CARBON: 1 },
      heldOut: { 'bace assay': 1, 'bace decoys and truth': 1, kiba: 1 },
      // Ten rows of the other corpus that are not held out there either, and ethanol.
      repeated: 11,
    });
    expect(a.train + a.validation).toBe(19);
    expect(unknown).toEqual({});
    const corpora = (['train', 'validation'] as const).map((split) => decodeCorpus(bytes('one', `${split}.safetensors`)));
    expect(corpora.map(({ header }) => header.sequences)).toEqual([m.train + a.train, m.validation + a.validation]);
    expect(corpora.map(({ header }) => header.tokens)).toEqual([files.train.tokens, files.validation.tokens]);
    const both = new Set(corpora.flatMap((corpus) => [...textsOf(corpus)]));
    expect(both.size).toBe(48);
    expect(both.has('NCc1ccccc1')).toBe(true);
    for (const gone of [moses[3]!, moses[4]!, screened[25]!, screened[26]!, 'CC(N)C(=O)Nc1ccccc1'])
      expect(both.has(gone)).toBe(false);
  });

  test('writes the same bytes with two workers, and again from the forms on disk', async () => {
    await run('two', 2);
    const first = ['train.safetensors', 'validation.safetensors', 'prepared.json'].map((name) => bytes('two', name));
    expect(first).toEqual(['train.safetensors', 'validation.safetensors', 'prepared.json'].map((name) => bytes('one', name)));
    await run('two', 1);
    expect(['train.safetensors', 'validation.safetensors', 'prepared.json'].map((name) => bytes('two', name))).toEqual(first);
  });

  test('divides otherwise under another seed', async () => {
    const { files } = await run('two', 1, 2);
    expect(files.validation.sha256).not.toBe(
      (JSON.parse(bytes('one', 'prepared.json').toString()) as Prepared).files.validation.sha256,
    );
  });

  test('prints no structure', () => {
    expect(lines.length).toBeGreaterThan(10);
    for (const smiles of [...moses, ...screened].filter((text) => text.length > 12))
      expect(lines.filter((line) => line.includes(smiles))).toEqual([]);
  });

  test('ends with an error where a file is missing', async () => {
    rmSync(join(folder, 'data/affinity/kiba_ligands.csv'));
    await expect(run('three', 1)).rejects.toThrow('ENOENT');
  });
});
