/**
 * How fast a library is taken in, and whether memory stays flat while it is.
 *
 *   node test/bench/ingestion.ts [rows of the largest file]
 *
 * One JSON line per figure: { bench, value, unit, goal }. Molecules per second are per CPU-second of this process, so a busy machine does not
 * spoil them. Rival: one call of RDKit's get_descriptors and get_morgan_fp per molecule, on the same molecules.
 */
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { describeMolecule } from '../../core/molecule/descriptors.ts';
import { morganFingerprint } from '../../core/molecule/fingerprint.ts';
import { graphFromCanonicalSmiles } from '../../core/molecule/graph.ts';
import { createLibraryReader } from '../../core/molecule/library.ts';
import { createShardSplitter } from '../../core/molecule/shards.ts';
import { duplicateKey, standardiseSmiles } from '../../core/molecule/standardise.ts';
import { nodeChemistry } from '../support/chemistry.ts';

const report = (bench: string, value: number, unit: string, goal: string): void =>
  console.log(JSON.stringify({ bench, value: Number(value.toPrecision(4)), unit, goal }));
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const library = gunzipSync(readFileSync(new URL('../../examples/bace/libraries/bace-screen.csv.gz', import.meta.url)));
const reader = createLibraryReader('csv');
const smiles = [...reader.push(library), ...reader.end()].flatMap((item) => (item.kind === 'row' ? [item.text] : []));
const chemistry = nodeChemistry();

/** What EncodeLigands does with each row. */
async function encode(text: string): Promise<void> {
  const outcome = await standardiseSmiles(text, chemistry);
  if (!outcome.ok) return;
  const graph = graphFromCanonicalSmiles(outcome.value.smiles);
  morganFingerprint(graph);
  describeMolecule(graph);
  duplicateKey(outcome.value.smiles);
}

async function rate(work: (text: string) => Promise<unknown>, molecules: readonly string[]): Promise<number> {
  for (const text of molecules.slice(0, 500)) await work(text);
  const rates: number[] = [];
  for (let repeat = 0; repeat < 3; repeat++) {
    const start = cpuSeconds();
    for (const text of molecules) await work(text);
    rates.push(molecules.length / (cpuSeconds() - start));
  }
  return rates.sort((a, b) => a - b)[1]!;
}

report('ingestion-encode', await rate(encode, smiles), 'molecules per CPU-second', '>= 3000');
report(
  'ingestion-parse-only',
  await rate((text) => chemistry.withSmiles(text, (molecule) => molecule.get_smiles()), smiles),
  'molecules per CPU-second',
  'ceiling of the figure above',
);
const rival = (text: string): Promise<unknown> =>
  chemistry.withSmiles(text, (molecule) => [
    molecule.get_smiles(),
    molecule.get_descriptors(),
    molecule.get_morgan_fp('{"radius":2,"nBits":2048}'),
  ]);
report(
  'ingestion-rival-rdkit-calls',
  await rate(rival, smiles.slice(0, 1500)),
  'molecules per CPU-second',
  'less than ingestion-encode',
);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
/** Bytes that are still in use after a collection: what streaming holds on to, without what the collector has not come round to. */
function liveBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Streams a generated table of so many rows through splitter and reader; the peak of live memory above the start, in MB. */
async function streamRows(rows: number): Promise<{ liveMb: number; rowsPerSecond: number }> {
  const before = liveBytes();
  let peak = 0;
  let shardsSeen = 0;
  let collecting = 0;
  const splitter = createShardSplitter({ format: 'csv', maxBytes: 4_194_304, maxRows: 5_000 });
  let seen = 0;
  const take = (shards: ReturnType<typeof splitter.push>['shards']): void => {
    for (const shard of shards) {
      const rowReader = createLibraryReader('csv', { firstRow: shard.firstRow });
      for (const item of [...rowReader.push(shard.bytes), ...rowReader.end()]) if (item.kind === 'row') seen++;
      if (shardsSeen++ % 10 === 0) {
        const start = cpuSeconds();
        peak = Math.max(peak, liveBytes() - before);
        collecting += cpuSeconds() - start;
      }
    }
  };
  const encoder = new TextEncoder();
  const start = cpuSeconds();
  take(splitter.push(encoder.encode('id,smiles,plate\n')).shards);
  for (let row = 0; row < rows; ) {
    let text = '';
    for (let k = 0; k < 1000 && row < rows; k++, row++) text += `M${row},${smiles[row % smiles.length]},P${row % 97}\n`;
    take(splitter.push(encoder.encode(text)).shards);
  }
  take(splitter.end().shards);
  if (seen !== rows) throw new Error(`wanted ${rows} rows back, found ${seen}`);
  return { liveMb: peak / 2 ** 20, rowsPerSecond: rows / (cpuSeconds() - start - collecting) };
}

const largest = Number(process.argv[2] ?? 1_000_000);
await streamRows(10_000);
const small = await streamRows(10_000);
const large = await streamRows(largest);
report('ingestion-split-and-read', large.rowsPerSecond, 'rows per CPU-second', '>= 100000');
report('ingestion-live-memory-10000-rows', small.liveMb, 'MB above start', 'reference of the next line');
report(`ingestion-live-memory-${largest}-rows`, large.liveMb, 'MB above start', '<= 4 above the line before');
