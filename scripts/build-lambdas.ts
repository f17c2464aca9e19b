/** Bundles every function of the manifest into dist/lambdas/<Name>/index.mjs: the bytes that the cloud deploys and local-sim runs. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { manifest } from '../infra/manifest.ts';

const place = join('dist', 'lambdas');
/** Built beside it and put in place at once, so that nobody ever sees half of it. */
const out = join('dist', `lambdas-${process.pid}`);

export async function buildLambdas(): Promise<void> {
  const { metafile } = await build({
    entryPoints: manifest.functions.map(({ name, entry }) => ({ in: entry, out: join(name, 'index') })),
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    // Error names cross the border to Step Functions, so classes keep theirs.
    keepNames: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    banner: {
      // What CommonJS packages expect to find, in a module.
      js: "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url); const __filename = import.meta.filename; const __dirname = import.meta.dirname;",
    },
  });
  const hash = createHash('sha256');
  for (const { name, assets } of manifest.functions) {
    const folder = join(out, name);
    mkdirSync(folder, { recursive: true });
    for (const asset of assets ?? []) copyFileSync(asset, join(folder, basename(asset)));
    hash.update(name).update(readFileSync(join(folder, 'index.mjs')));
  }
  for (const { definition } of manifest.machines) hash.update(definition).update(readFileSync(definition));
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const sizes = Object.fromEntries(
    manifest.functions.map(({ name }) => [name, metafile.outputs[join(out, name, 'index.mjs')]?.bytes ?? 0]),
  );
  rmSync(place, { recursive: true, force: true });
  renameSync(out, place);
  writeFileSync(
    join('dist', 'build.json'),
    `${JSON.stringify({ codeVersion: `${version}+${hash.digest('hex').slice(0, 12)}`, sizes }, null, 2)}\n`,
  );
}

await buildLambdas();
