import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPacked, type PackedQuantum } from '../support/packed-quantum.ts';
import { readmeExamples } from '../support/readme-examples.ts';
import { threadKernels } from '../support/thread-kernels.ts';

const MOST_BYTES = 150_000;
const executable = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node';
const platform = process.platform === 'win32' ? 'win' : process.platform;
const nodes = [
  ['Node 22', 'v22', resolve('node_modules', `node22-${platform}-${process.arch}`, executable)],
  ['Node 24', 'v24', process.execPath],
] as const;

let packed: PackedQuantum;
beforeAll(async () => {
  packed = await installPacked();
}, 240_000);
afterAll(() => packed.remove());

function run(node: string, file: string): string {
  // Neither flags nor loaders of the test runner; Node 22 says that types in a program are an experiment.
  const env = { ...process.env, NODE_OPTIONS: '' };
  return execFileSync(node, ['--no-warnings', file], { cwd: packed.folder, encoding: 'utf8', env });
}

describe('the tarball', () => {
  test(`is smaller than ${MOST_BYTES / 1000} kB and holds no native code and no dependency`, () => {
    expect(statSync(packed.tarball).size).toBeLessThan(MOST_BYTES);
    const names = readdirSync(packed.installed, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(packed.installed, name)).isFile(),
    );
    expect(
      names.filter(
        (name) => !/^(dist\/.+\.js|types\/.+\.d\.ts|README\.md|LICENSE|package\.json)$/.test(name.replaceAll('\\', '/')),
      ),
    ).toEqual([]);
    const manifest = JSON.parse(readFileSync(join(packed.installed, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect(Object.keys(manifest).filter((key) => /dependencies|scripts|gyp|bin/i.test(key))).toEqual([]);
    expect(readdirSync(join(packed.folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['@qefm']);
  });

  test('imports nothing, except in the entry for Node', () => {
    const dist = join(packed.installed, 'dist');
    const foreign = readdirSync(dist, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .flatMap((name) =>
        [...readFileSync(join(dist, name), 'utf8').matchAll(/(?:\bfrom|\bimport\(?)\s*["']([^."'][^"']*)["']/g)].map(
          (match) => `${name.replaceAll('\\', '/')}: ${match[1]}`,
        ),
      );
    expect(foreign.sort()).toEqual(['threads/node.js: node:os', 'threads/node.js: node:worker_threads']);
  });

  test('has no path of the machine that packed it', () => {
    for (const name of readdirSync(packed.installed, { recursive: true, encoding: 'utf8' })) {
      const path = join(packed.installed, name);
      if (statSync(path).isFile()) expect(readFileSync(path, 'utf8')).not.toContain(process.cwd());
    }
  });
});

describe.each(nodes)('the tarball in %s', (_, version, node) => {
  test('finds the Node it is meant for', () => {
    expect(existsSync(node), `${node} is missing; npm ci installs it`).toBe(true);
    expect(execFileSync(node, ['--version'], { encoding: 'utf8' })).toMatch(new RegExp(`^${version}\\.`));
  });

  test.each(readmeExamples())('runs the example of the README: $title', ({ code, printed }) => {
    writeFileSync(join(packed.folder, 'example.ts'), code);
    expect(run(node, 'example.ts')).toBe(printed);
  });

  test('runs kernels on threads', async () => {
    writeFileSync(join(packed.folder, 'kernels.wasm'), await threadKernels());
    writeFileSync(
      join(packed.folder, 'threads.js'),
      `import { readFileSync } from 'node:fs';
      import { createKernelPool } from '@qefm/quantum/threads';
      import * as node from '@qefm/quantum/node';
      const module = new WebAssembly.Module(readFileSync('kernels.wasm'));
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
      const pool = await createKernelPool({ size: 2 });
      pool.runSync({ module, memory, entry: 'fill', args: [0, 6] });
      await pool.run({ module, memory, entry: 'meet', args: [64] });
      await pool.close();
      console.log(createKernelPool === node.createKernelPool, pool.size, ...new Int32Array(memory.buffer, 0, 6), new Int32Array(memory.buffer, 64, 1)[0]);`,
    );
    expect(run(node, 'threads.js')).toBe('true 2 1 1 1 2 2 2 2\n');
  });
});

describe('the types in the tarball', () => {
  const tsc = (files: readonly string[], ...more: string[]) => {
    const flags = ['--ignoreConfig', '--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess'];
    const target = ['--target', 'es2023', '--module', 'nodenext', '--moduleResolution', 'nodenext', '--types', ''];
    const child = [resolve('node_modules', 'typescript', 'bin', 'tsc'), ...flags, ...target, ...more, ...files];
    try {
      execFileSync(process.execPath, child, { cwd: packed.folder, encoding: 'utf8' });
      return '';
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  };

  test('check the examples of the README and a user of the threads, libraries included', () => {
    const files = readmeExamples().map(({ code }, i) => {
      writeFileSync(join(packed.folder, `typed-${i}.ts`), code);
      return `typed-${i}.ts`;
    });
    writeFileSync(
      join(packed.folder, 'typed-threads.ts'),
      `import type { KernelPool, KernelTask } from '@qefm/quantum/node';
      import { createKernelPool } from '@qefm/quantum/browser';
      import * as threads from '@qefm/quantum/threads';
      export async function use(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<number> {
        const pool: KernelPool = await createKernelPool({ size: 2 });
        const task: KernelTask = { module, memory, entry: 'fill', args: [1, 2] };
        await pool.run(task);
        (await threads.createKernelPool()).runSync(task);
        return pool.size;
      }`,
    );
    expect(tsc([...files, 'typed-threads.ts'])).toBe('');
  });

  test('do without the DOM library', () => {
    writeFileSync(
      join(packed.folder, 'typed-bare.ts'),
      `import { buildCircuit, type KernelPool, simulate } from '@qefm/quantum';
      import { createKernelPool } from '@qefm/quantum/node';
      export const state: Float64Array = simulate(buildCircuit(1, (builder) => builder.gate('h', [0])));
      export const pool: Promise<KernelPool> = createKernelPool();`,
    );
    expect(tsc(['typed-bare.ts'], '--lib', 'es2023')).toBe('');
  });

  test('refuse a wrong call', () => {
    writeFileSync(join(packed.folder, 'wrong.ts'), `import { simulate } from '@qefm/quantum';\nsimulate('a circuit');\n`);
    expect(tsc(['wrong.ts'])).toContain(`wrong.ts(2,10): error TS2345`);
  });
});
