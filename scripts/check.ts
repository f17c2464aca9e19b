/** `npm run check`: format, lint, types, house rules and the machines' definitions. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const bin = (name: string) => join('node_modules', '.bin', name);
const steps: [string, string[]][] = [
  [bin('biome'), ['ci', '--error-on-warnings']],
  [bin('tsc'), ['-p', '.']],
  [process.execPath, ['scripts/export-schemas.ts', '--check']],
  [bin('vitest'), ['run', '--project', 'unit', 'test/house.test.ts', 'test/state-machines']],
];

let failed = false;
for (const [command, args] of steps) {
  const startedMs = performance.now();
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  console.log(
    `check: ${command.split('/').at(-1)} ${status === 0 ? 'passed' : 'FAILED'} in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`,
  );
  failed ||= status !== 0;
}
process.exit(failed ? 1 : 0);
