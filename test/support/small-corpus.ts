/** A corpus small enough for tests: molecules of the shipped library, packed as prepare.ts packs them. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { tokenize } from '../../core/encoding/smiles-tokens.ts';
import { type Corpus, createCorpusWriter } from '../../models/pretraining/packed.ts';

export const librarySmiles: readonly string[] = gunzipSync(readFileSync('examples/bace/libraries/bace-screen.csv.gz'))
  .toString('utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(',')[1]!);

/** Molecules `from` to `to` of the library, every third as MOSES. */
export function smallCorpus(split: 'train' | 'validation', from: number, to: number): Corpus {
  const writer = createCorpusWriter();
  librarySmiles.slice(from, to).forEach((smiles, i) => {
    const { ids, unknown } = tokenize(smiles);
    writer.add(i % 3 === 0 ? 'moses' : 'aid1706', ids, unknown.length);
  });
  return writer.finish({ split, seed: 1, validationShare: 0.1, inputs: [] });
}
