/**
 * Makes the corpus of pretraining: MOSES and PubChem AID 1706 in standard form, without the compounds that the project is tested on.
 *
 *   node models/pretraining/prepare.ts [--data FOLDER] [--out FOLDER] [--seed N] [--validation SHARE] [--workers N]
 *
 * Writes `train.safetensors`, `validation.safetensors` (packed.ts) and `prepared.json` (what went in, what went where). Equal inputs, seed and code give
 * equal bytes, whatever the number of workers. Standard forms are kept in `forms/`, so a run that was killed, or one with another seed, takes seconds
 * where the first takes minutes.
 */
import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { vocabularyFacts } from '../../core/encoding/smiles-tokens.ts';
import { createFormMaker, type FormMaker } from './forms.ts';
import { createGatherer, type SourceCounts } from './gather.ts';
import { numberOption, textOption } from './options.ts';
import { type Corpus, type CorpusHeader, encodeCorpus } from './packed.ts';
import { replaceFile } from './replace-file.ts';
import { corpusFiles, type Folders, heldOutFiles, type RowFile, readRows } from './rows.ts';

export interface PrepareOptions extends Folders {
  readonly out: string;
  readonly seed: number;
  /** Share of the compounds that validate. */
  readonly validationShare: number;
  readonly workers: number;
  /** Hears what is done, a line at a time; no structure is among it. */
  readonly print: (line: string) => void;
}

/** The content of `prepared.json`. */
export interface Prepared {
  readonly schema: 'pretraining-data/1';
  readonly seed: number;
  readonly validationShare: number;
  readonly vocabulary: typeof vocabularyFacts;
  readonly inputs: CorpusHeader['inputs'];
  readonly heldOut: Readonly<Record<string, number>>;
  /** Rows of held-out sets that have no standard form. */
  readonly heldOutWithoutForm: number;
  readonly sources: Readonly<Record<string, SourceCounts>>;
  readonly unknown: Readonly<Record<string, number>>;
  readonly files: Readonly<Record<'train' | 'validation', FileFacts>>;
}

interface FileFacts {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly sequences: number;
  readonly tokens: number;
  readonly longest: number;
}

/** Runs the whole; throws what the files give cause to, and leaves no half-written output behind. */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const { out, seed, validationShare, workers, print } = options;
  const corpora = corpusFiles(options);
  const tested = heldOutFiles(options);
  mkdirSync(out, { recursive: true });
  const inputs: CorpusHeader['inputs'] = [];
  for (const file of [...tested, ...corpora]) inputs.push(await inputFacts(file));
  const gatherer = createGatherer({ seed, validationShare });
  const maker = createFormMaker({ workers, folder: join(out, 'forms') });
  let heldOutWithoutForm = 0;
  try {
    for (const file of tested) {
      for await (const forms of maker.forms(readRows(file)))
        for (const form of forms) if (!gatherer.holdOut(file.set, form)) heldOutWithoutForm++;
      print(`${file.set}: ${gatherer.heldOut[file.set] ?? 0} compounds held out`);
    }
    for (const { source, ...file } of corpora) {
      const report = progress(source, maker, print);
      for await (const forms of maker.forms(readRows(file))) {
        for (const form of forms) gatherer.add(source, form);
        report(forms.length);
      }
      print(`${source}: ${JSON.stringify(gatherer.counts[source])}`);
    }
  } finally {
    await maker.close();
  }
  const finish = (split: 'train' | 'validation') => gatherer[split].finish({ split, seed, validationShare, inputs });
  const files = { train: write(out, finish('train')), validation: write(out, finish('validation')) };
  const prepared: Prepared = {
    schema: 'pretraining-data/1',
    seed,
    validationShare,
    vocabulary: vocabularyFacts,
    inputs,
    heldOut: gatherer.heldOut,
    heldOutWithoutForm,
    sources: gatherer.counts,
    unknown: gatherer.unknown,
    files,
  };
  replaceFile(join(out, 'prepared.json'), `${JSON.stringify(prepared, null, 2)}\n`);
  for (const { name, sequences, tokens, longest } of Object.values(files))
    print(
      `${name}: ${sequences} sequences, ${tokens} tokens (${(tokens / sequences - 2).toFixed(2)} a molecule), longest ${longest}`,
    );
  print(`unknown tokens: ${JSON.stringify(gatherer.unknown)}`);
  return prepared;
}

async function inputFacts({ name, path }: RowFile): Promise<CorpusHeader['inputs'][number]> {
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  });
  return { name, bytes, sha256: hash.digest('hex') };
}

/** Tells of every fifth chunk or so, with the rate since the start. */
function progress(source: string, { chunks }: FormMaker, print: (line: string) => void): (rows: number) => void {
  const startedMs = performance.now();
  let rows = 0;
  let told = 0;
  return (more) => {
    rows += more;
    if (rows - told < 100_000) return;
    told = rows;
    const seconds = (performance.now() - startedMs) / 1000;
    print(
      `${source}: ${rows} rows, ${Math.round(rows / seconds)} a second, ${chunks.read} chunks from disk, ${chunks.made} made`,
    );
  };
}

function write(out: string, corpus: Corpus): FileFacts {
  const { split, sequences, tokens, longest } = corpus.header;
  const name = `${split}.safetensors`;
  const bytes = encodeCorpus(corpus);
  replaceFile(join(out, name), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, bytes: bytes.length, sha256, sequences, tokens, longest };
}

if (import.meta.main) {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const { values } = parseArgs({
    options: {
      data: textOption(join(root, '../shared/data')),
      out: textOption(join(root, '.cache/pretraining')),
      seed: textOption('2026'),
      validation: textOption('0.01'),
      workers: textOption('2'),
    },
  });
  const startedMs = performance.now();
  await prepare({
    data: values.data,
    examples: join(root, 'examples'),
    out: values.out,
    seed: numberOption('seed', values.seed),
    validationShare: numberOption('validation', values.validation),
    workers: numberOption('workers', values.workers),
    print: (line) => console.log(line),
  });
  console.log(`prepared in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
}
