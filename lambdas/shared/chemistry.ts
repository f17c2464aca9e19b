/** RDKit for a function: its WASM file lies beside the bundle. One instance serves every invocation of a warm function. */
import { readFile } from 'node:fs/promises';
import type { Chemistry } from '../../core/molecule/chemistry.ts';
import { createChemistry, loadRDKit } from '../../core/molecule/chemistry.ts';

let chemistry: Chemistry | undefined;

export function warmChemistry(): Chemistry {
  chemistry ??= createChemistry(async () => loadRDKit(await readFile(new URL('RDKit_minimal.wasm', import.meta.url))));
  return chemistry;
}
