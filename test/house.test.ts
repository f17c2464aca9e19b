/** The tree and the table "Who may import whom" of docs/architecture.md, read against every folder and every import. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

interface Rule {
  /** Files of the room. */
  room: RegExp;
  /** Where relative imports may lead, by path from the root. */
  paths: RegExp[];
  /** Packages that may be named. */
  packages: RegExp[];
}

const node = /^node:/;
const none: RegExp[] = [];
const aws = /^@aws-sdk\//;

// The first rule that fits a file holds: narrower rooms come first.
const rules: Rule[] = [
  // Threads are the one thing that the language lacks: a file for Node, and one for browsers that needs no import.
  { room: /^quantum\/threads\/node\.ts$/, paths: [/^quantum\//], packages: [/^node:(os|worker_threads)$/] },
  { room: /^quantum\//, paths: [/^quantum\//], packages: none },
  { room: /^core\/(molecule|report)\//, paths: [/^core\//], packages: [/^@qefm\/quantum$/, /^zod$/, /^@rdkit\/rdkit$/] },
  { room: /^core\//, paths: [/^core\//], packages: [/^@qefm\/quantum$/, /^zod$/] },
  {
    room: /^lambdas\/(steps|events|api)\//,
    paths: [/^core\//, /^lambdas\/shared\//],
    packages: [/^@qefm\/quantum$/, /^zod$/, node, aws, /^@middy\/core$/],
  },
  {
    room: /^lambdas\/shared\//,
    paths: [/^core\//, /^lambdas\/shared\//],
    packages: [/^@qefm\/quantum$/, /^zod$/, node, aws, /^@middy\/core$/],
  },
  // Its own types, which are gone when it runs.
  { room: /^infra\/(manifest|floor-plan)\.ts$/, paths: [/^infra\/floor-plan\.ts$/], packages: none },
  {
    room: /^infra\//,
    paths: [/^infra\//, /^core\/contracts\/openapi\.ts$/],
    packages: [node, /^aws-cdk-lib\/.+/, /^constructs$/, /^cdk-nag$/],
  },
  { room: /^local-sim\/main\.ts$/, paths: [/^local-sim\//, /^infra\/manifest\.ts$/], packages: [node] },
  { room: /^local-sim\//, paths: [/^local-sim\//], packages: [node, /^@qefm\/quantum$/, /^jsonata$/] },
  {
    room: /^cli\//,
    paths: [/^cli\//, /^core\/contracts\//],
    packages: [node, /^zod$/, /^@smithy\/signature-v4$/, /^@aws-crypto\/sha256-js$/, /^@aws-sdk\/credential-provider-node$/],
  },
];

const rooms = ['quantum', 'core', 'lambdas', 'infra', 'local-sim', 'cli'];
const IMPORT = /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

function filesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name !== 'node_modules')
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return filesOf(path);
      return /\.ts$/.test(name) && !name.endsWith('.generated.ts') ? [path] : [];
    });
}

/** AssemblyScript sources are TypeScript in spelling only; they import their own. */
const isAssembly = (path: string) => path.startsWith('quantum/assembly/kernels/') || path.startsWith('core/model/kernels/');

function importsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(IMPORT)].map((match) => match[1] ?? match[2]!);
}

/** Imports that exist when the program runs: types are erased, so they cannot close a cycle. */
function runtimeImportsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(IMPORT)]
    .filter(([text]) => !/^\s*(import|export) type\b/.test(text))
    .map((match) => match[1] ?? match[2]!);
}

const files = rooms.flatMap(filesOf).filter((path) => !isAssembly(path));

function resolveFrom(path: string, specifier: string): string {
  return normalize(relative('.', join(dirname(path), specifier)));
}

/** Why an import is not allowed; null when it is. */
function refusal(path: string, specifier: string): string | null {
  const rule = rules.find(({ room }) => room.test(path));
  if (rule === undefined) return `${path} is in no room of the table`;
  const target = specifier.startsWith('.') ? resolveFrom(path, specifier) : null;
  const allowed =
    target === null ? rule.packages.some((name) => name.test(specifier)) : rule.paths.some((place) => place.test(target));
  return allowed ? null : `${path} imports ${target ?? specifier}`;
}

describe('the house', () => {
  test('has imports that only go down', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(
      files.flatMap((path) =>
        importsOf(path)
          .map((specifier) => refusal(path, specifier))
          .filter((reason) => reason !== null),
      ),
    ).toEqual([]);
  });

  test('would notice a wall broken', () => {
    expect(refusal('core/model/backbone.ts', 'node:fs')).toBe('core/model/backbone.ts imports node:fs');
    expect(refusal('quantum/threads/browser.ts', 'node:os')).toBe('quantum/threads/browser.ts imports node:os');
    expect(refusal('quantum/index.ts', '../core/contracts/errors.ts')).toBe('quantum/index.ts imports core/contracts/errors.ts');
    expect(refusal('lambdas/steps/a.ts', './b.ts')).toBe('lambdas/steps/a.ts imports lambdas/steps/b.ts');
    expect(refusal('local-sim/s3.ts', '../infra/manifest.ts')).toBe('local-sim/s3.ts imports infra/manifest.ts');
  });

  test('starts threads of kernels in two files only, which nobody inside quantum imports', () => {
    const quantum = files.filter((path) => path.startsWith('quantum/'));
    const starters = quantum.filter((path) => /\bnew Worker\(/.test(readFileSync(path, 'utf8')));
    expect(starters.sort()).toEqual(['quantum/threads/browser.ts', 'quantum/threads/node.ts']);
    expect(
      quantum.filter((path) => importsOf(path).some((specifier) => starters.includes(resolveFrom(path, specifier)))),
    ).toEqual([]);
  });

  test('has no import cycles', () => {
    const edges = new Map(
      files.map((path) => [
        path,
        runtimeImportsOf(path)
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => resolveFrom(path, specifier)),
      ]),
    );
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (path: string, trail: string[]) => {
      if (state.get(path) === 'done') return;
      if (state.get(path) === 'open') {
        cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
        return;
      }
      state.set(path, 'open');
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
      state.set(path, 'done');
    };
    for (const path of files) visit(path, []);
    expect(cycles).toEqual([]);
  });

  test('keeps the clock, chance and the outer world out of the pure rooms', () => {
    // The entry for Node starts threads; what it may import is in the table.
    const pure = files.filter((path) => /^(quantum|core)\//.test(path) && path !== 'quantum/threads/node.ts');
    const text = (path: string) => readFileSync(path, 'utf8');
    expect(
      pure.filter((path) => /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\b|\bcrypto\./.test(text(path))),
    ).toEqual([]);
    expect(pure.filter((path) => /\bprocess\.|\bfetch\(|\bsetTimeout\(|\bconsole\.|\brequire\(/.test(text(path)))).toEqual([]);
  });

  test('has the folders of the plan and no others', () => {
    const plan = /## Tree\n+```\n([\s\S]*?)\n```/.exec(readFileSync('docs/architecture.md', 'utf8'))![1]!.split('\n');
    const planned = new Map<string, string[]>();
    for (const line of plan) {
      const top = /^([a-z-]+)\/\s/.exec(line)?.[1];
      const below = /^ {2}([a-z-]+)\/\s/.exec(line)?.[1];
      if (top !== undefined) planned.set(top, []);
      else if (below !== undefined) [...planned.values()].at(-1)!.push(below);
    }
    const ignored = readFileSync('.gitignore', 'utf8').split('\n');
    const foldersOf = (place: string) =>
      readdirSync(place)
        .filter((name) => !name.startsWith('.') && !ignored.includes(`${name}/`) && statSync(join(place, name)).isDirectory())
        .sort();
    expect(foldersOf('.')).toEqual([...planned.keys()].sort());
    for (const room of ['quantum', 'core', 'lambdas', 'models']) expect(foldersOf(room), room).toEqual(planned.get(room)!.sort());
    // Tests of a room mirror it; what stands beside them is named in the plan.
    const beside = /besides: (.*)$/.exec(plan.find((line) => line.startsWith('test/'))!)![1]!.split(' ');
    for (const room of foldersOf('test').filter((name) => !beside.includes(`${name}/`))) {
      expect(existsSync(room), `test/${room}`).toBe(true);
      for (const name of foldersOf(join('test', room))) expect(existsSync(join(room, name)), `test/${room}/${name}`).toBe(true);
    }
  });

  test('has files in kebab-case that export by name', () => {
    const all = [...files, ...filesOf('models'), ...filesOf('scripts'), ...filesOf('test')];
    expect(all.filter((path) => !/^([a-z0-9-]+\/)*[a-z0-9-]+(\.(test|d))?\.ts$/.test(path))).toEqual([]);
    expect(files.filter((path) => /^export default\b/m.test(readFileSync(path, 'utf8')))).toEqual([]);
  });

  test('runs every script on Node 24 from a package of the platform, whatever Node the host has', () => {
    const { scripts, optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
      'scripts' | 'optionalDependencies',
      Record<string, string>
    >;
    expect(process.versions.node).toMatch(/^24\./);
    // The package is also tested on Node 22, under a name of its own.
    for (const [name, version] of Object.entries(optionalDependencies))
      expect(version, name).toMatch(name.startsWith('node22-') ? /^npm:node-[a-z0-9-]+@22\.\d+\.\d+$/ : /^24\.\d+\.\d+$/);
    // npm puts node_modules/.bin first, where that Node lies; only the set-up may meet the host's own.
    for (const [name, line] of Object.entries(scripts))
      expect(line, name).toMatch(/^(node (scripts|local-sim|cli|models|test)\/|vitest |cdk )/);
    const setup = readFileSync('scripts/setup.mjs', 'utf8');
    expect([...setup.matchAll(IMPORT)].map((match) => match[1] ?? match[2]!).filter((name) => !node.test(name))).toEqual([]);
  });

  test('has source files of at most 400 lines', () => {
    const tooLong = [...files, ...filesOf('models'), ...filesOf('scripts'), 'scripts/setup.mjs']
      .map((path) => ({ path, lines: readFileSync(path, 'utf8').split('\n').length }))
      .filter(({ lines }) => lines > 401);
    expect(tooLong).toEqual([]);
  });
});
