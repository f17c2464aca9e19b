/** `npm run build`: WASM kernels, then the Lambda bundles that carry them. */
import { execFileSync } from 'node:child_process';

for (const script of ['scripts/build-wasm.ts', 'scripts/build-lambdas.ts']) {
  const startedMs = performance.now();
  execFileSync(process.execPath, [script], { stdio: 'inherit' });
  console.log(`${script}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
}
