/** A thread of forms.ts: chunks of rows in, their lines out. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';
import { createChemistry, loadRDKit } from '../../core/molecule/chemistry.ts';
import { formLine } from './form-line.ts';

const wasm = readFileSync(createRequire(import.meta.url).resolve('@rdkit/rdkit/RDKit_minimal.wasm'));
const chemistry = createChemistry(() => loadRDKit(wasm));

parentPort!.on('message', async (rows: readonly string[]) => {
  const lines: string[] = [];
  for (const row of rows) lines.push(row.startsWith('!') ? row : await formLine(row, chemistry));
  parentPort!.postMessage(lines);
});
