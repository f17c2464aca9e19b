/**
 * Packs `@qefm/quantum` into a tarball for npm: JavaScript by esbuild, one file per entry and what they share, declarations by tsc, and a
 * package.json whose exports point at them. In the repository the same exports point at the sources.
 *
 *   node scripts/pack-quantum.ts [FOLDER]        writes qefm-quantum-VERSION.tgz there (default dist/), prints name and size
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'quantum');

type Exports = string | { readonly [condition: string]: Exports };

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, Exports>>;
}

const compiled = (path: string) => path.replace('./', './dist/').replace(/\.ts$/, '.js');
const declared = (path: string) => path.replace('./', './types/').replace(/\.ts$/, '.d.ts');

/** Sources of an entry, whatever the condition. */
function sourcesOf(entry: Exports): string[] {
  return typeof entry === 'string' ? [entry] : Object.values(entry).flatMap(sourcesOf);
}

/** Each source becomes its declarations and its JavaScript; conditions stay. */
function packed(entry: Exports): Exports {
  if (typeof entry === 'string') return { types: declared(entry), default: compiled(entry) };
  return Object.fromEntries(Object.entries(entry).map(([condition, inner]) => [condition, packed(inner)]));
}

/** Beside the entries' declarations. */
const WEB_ASSEMBLY = 'web-assembly.d.ts';
const WEB_ASSEMBLY_TYPES = `/** WebAssembly's types come with TypeScript's DOM library. These names merge with them, and stand alone where a program does without it. */
declare namespace WebAssembly {
  interface Instance {}
  interface Memory {}
  interface Module {}
}
`;

async function writeJavaScript(entries: readonly string[], stage: string): Promise<void> {
  await build({
    entryPoints: entries.map((entry) => join(source, entry)),
    outbase: source,
    outdir: join(stage, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2023',
    external: ['node:*'],
    // Names stay, so that a stack trace can be read.
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'warning',
  });
}

function writeDeclarations(entries: readonly string[], stage: string): void {
  const types = join(stage, 'types');
  execFileSync(
    process.execPath,
    [
      join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
      ...entries.map((entry) => join(source, entry)),
      ...[
        '--ignoreConfig',
        '--declaration',
        '--emitDeclarationOnly',
        '--allowImportingTsExtensions',
        '--skipLibCheck',
        // As strict as tsconfig.json: less strict reads some unions differently.
        '--strict',
        '--noUncheckedIndexedAccess',
        '--exactOptionalPropertyTypes',
      ],
      ...['--target', 'es2024', '--lib', 'es2024,dom', '--module', 'nodenext', '--types', 'node'],
      ...['--rootDir', source, '--outDir', types],
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  writeFileSync(join(types, WEB_ASSEMBLY), WEB_ASSEMBLY_TYPES);
  for (const entry of entries) {
    const path = join(types, entry.replace(/\.ts$/, '.d.ts'));
    const reference = relative(dirname(path), join(types, WEB_ASSEMBLY)).replaceAll('\\', '/');
    writeFileSync(path, `/// <reference path="${reference}" />\n${readFileSync(path, 'utf8')}`);
  }
  // The generated module's type is its own text, the whole WebAssembly; no public declaration leads there.
  rmSync(join(types, 'assembly'), { recursive: true, force: true });
  for (const name of readdirSync(types, { recursive: true, encoding: 'utf8' })) {
    const path = join(types, name);
    if (!name.endsWith('.d.ts')) continue;
    writeFileSync(path, readFileSync(path, 'utf8').replace(/(from |import\()(['"])(\.[^'"]*)\.ts\2/g, '$1$2$3.js$2'));
  }
}

/** The tarball's path. Equal sources give equal bytes. */
export async function packQuantum(folder: string): Promise<string> {
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Manifest;
  const entries = [...new Set(Object.values(manifest.exports).flatMap(sourcesOf))];
  const stage = mkdtempSync(join(tmpdir(), 'pack-quantum-'));
  try {
    await writeJavaScript(entries, stage);
    writeDeclarations(entries, stage);
    const exports = Object.fromEntries(Object.entries(manifest.exports).map(([name, entry]) => [name, packed(entry)]));
    const published = {
      ...manifest,
      exports,
      types: declared('./index.ts'),
      files: ['dist', 'types'],
      engines: { node: '>=22' },
    };
    writeFileSync(join(stage, 'package.json'), `${JSON.stringify(published, null, 2)}\n`);
    cpSync(join(source, 'README.md'), join(stage, 'README.md'));
    cpSync(join(root, 'LICENSE'), join(stage, 'LICENSE'));
    mkdirSync(folder, { recursive: true });
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', resolve(folder)];
    const printed = execFileSync(npm, args, { cwd: stage, encoding: 'utf8', shell: process.platform === 'win32' });
    return join(folder, printed.trim().split('\n').at(-1)!);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const tarball = await packQuantum(process.argv[2] ?? join(dirname(source), 'dist'));
  console.log(`${tarball}: ${statSync(tarball).size} bytes`);
}
