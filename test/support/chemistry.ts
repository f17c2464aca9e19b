import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Chemistry, InputLimits } from '../../core/molecule/chemistry.ts';
import { createChemistry, loadRDKit } from '../../core/molecule/chemistry.ts';

let wasmBinary: Uint8Array | undefined;

/** RDKit from the installed package, as any Node process loads it. */
export function nodeChemistry(limits?: InputLimits): Chemistry {
  wasmBinary ??= readFileSync(createRequire(import.meta.url).resolve('@rdkit/rdkit/RDKit_minimal.wasm'));
  const bytes = wasmBinary;
  return createChemistry(() => loadRDKit(bytes), limits);
}
