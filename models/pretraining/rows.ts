/** The compounds that pretraining reads, and those that it must not see, row by row from their published files. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Source } from '../../core/encoding/smiles-vocabulary.ts';
import { createLibraryReader, type LibraryItem } from '../../core/molecule/library.ts';

export interface RowFile {
  /** Path below the folder of data or of examples. */
  readonly name: string;
  readonly path: string;
}

export interface CorpusFile extends RowFile {
  readonly source: Source;
}

export interface HeldOutFile extends RowFile {
  /** Why these compounds are kept out, in a word or two. */
  readonly set: string;
}

export interface Folders {
  /** Holds `molecules` and `affinity`. */
  readonly data: string;
  /** The examples of this project. */
  readonly examples: string;
}

/** In the order in which they are read: of compounds in both, the first stays. */
export function corpusFiles({ data }: Folders): CorpusFile[] {
  const file = (source: Source, name: string): CorpusFile => ({ source, name, path: join(data, name) });
  return [file('moses', 'molecules/moses_train.smi.gz'), file('aid1706', 'molecules/aid1706_sars3clpro.csv.gz')];
}

/**
 * Every compound whose affinity the project predicts or pretends not to know. The decoys of examples/bace come from AID 1706: a model that had read
 * them would know the decoys from the measured compounds.
 */
export function heldOutFiles({ data, examples }: Folders): HeldOutFile[] {
  return [
    {
      set: 'bace decoys and truth',
      name: 'bace/libraries/bace-screen.csv.gz',
      path: join(examples, 'bace/libraries/bace-screen.csv.gz'),
    },
    { set: 'bace assay', name: 'bace/assay.csv', path: join(examples, 'bace/assay.csv') },
    ...['davis', 'kiba'].map((set) => ({
      set,
      name: `affinity/${set}_ligands.csv`,
      path: join(data, `affinity/${set}_ligands.csv`),
    })),
  ];
}

/** Rows of a `.smi` or `.csv` file, plain or `.gz`, in their order; a row that cannot be read is an item of kind `rejected`. */
export async function* readRows({ path }: RowFile): AsyncGenerator<LibraryItem[]> {
  const reader = createLibraryReader(/\.smi(\.gz)?$/.test(path) ? 'smi' : 'csv');
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  // pipeline hands an error of the file on to who reads the unpacked bytes; there is nothing else to do about it.
  const bytes = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => {}) : file;
  for await (const chunk of bytes) yield reader.push(chunk as Uint8Array);
  yield reader.end();
}
