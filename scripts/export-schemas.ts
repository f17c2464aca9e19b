/** Writes the JSON Schemas that the Python jobs validate against, from the zod contracts. `--check` only compares and exits 1 on a difference. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { DynamicsJob, DynamicsResult } from '../core/contracts/dynamics.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'batch-jobs', 'schemas');

/** JSON in the layout of the project's formatter: objects one key a line, arrays of plain values on one line where they fit. */
function layout(value: unknown, indent: string, used: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const line = `[${value.map((entry) => JSON.stringify(entry)).join(', ')}]`;
    const plain = value.every((entry) => typeof entry !== 'object' || entry === null);
    if (plain && used + line.length <= 129) return line;
    return `[\n${value.map((entry) => inner + layout(entry, inner, inner.length)).join(',\n')}\n${indent}]`;
  }
  const rows = Object.entries(value).map(([key, entry]) => {
    const head = `${inner}${JSON.stringify(key)}: `;
    return head + layout(entry, inner, head.length);
  });
  return rows.length === 0 ? '{}' : `{\n${rows.join(',\n')}\n${indent}}`;
}

/** File name to schema text, as it must lie on disk. */
export function schemaFiles(): Map<string, string> {
  const contracts = { 'dynamics-job.json': DynamicsJob, 'dynamics-result.json': DynamicsResult };
  return new Map(
    Object.entries(contracts).map(([name, contract]) => [
      name,
      `${layout(z.toJSONSchema(contract, { target: 'draft-2020-12' }), '', 0)}\n`,
    ]),
  );
}

if (import.meta.main) {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of schemaFiles()) {
    if (process.argv.includes('--check')) {
      if (readFileSync(join(folder, name), 'utf8') !== text) {
        console.error(`batch-jobs/schemas/${name} differs from core/contracts/dynamics.ts: run node scripts/export-schemas.ts`);
        process.exitCode = 1;
      }
    } else writeFileSync(join(folder, name), text);
  }
}
