/** The packed package in a browser: the README's examples, and kernels on Web Workers with the headers that shared memory needs. */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join, normalize } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPage, type Served } from '../support/chromium.ts';
import { installPacked, type PackedQuantum } from '../support/packed-quantum.ts';
import { readmeExamples } from '../support/readme-examples.ts';
import { threadKernels } from '../support/thread-kernels.ts';

const TIMEOUT_MS = 200_000;
const BASE = '/node_modules/@qefm/quantum/';

let packed: PackedQuantum;
let kernels: Uint8Array;
beforeAll(async () => {
  packed = await installPacked();
  kernels = await threadKernels();
}, TIMEOUT_MS);
afterAll(() => packed.remove());

type Target = string | { readonly default: Target };

/** What a bundler for browsers would find: every entry by its `default` condition. */
function importMap(): string {
  const { exports } = JSON.parse(readFileSync(join(packed.installed, 'package.json'), 'utf8')) as {
    exports: Record<string, Target>;
  };
  const path = (target: Target): string => (typeof target === 'string' ? target : path(target.default));
  const imports = Object.entries(exports).map(([name, target]) => [
    `@qefm/quantum${name.slice(1)}`,
    BASE + path(target).slice('./'.length),
  ]);
  return JSON.stringify({ imports: Object.fromEntries(imports) });
}

/** A page that runs a module and posts what it exports as `answer`, or the error. */
const pageWith = (module: string, more: Record<string, Served> = {}) => {
  const files: Record<string, Served> = {
    '/': {
      type: 'text/html',
      body: `<!doctype html><title>test</title><script type="importmap">${importMap()}</script><script type="module">
        const post = (value) => fetch('/answer', { method: 'POST', body: JSON.stringify(value) });
        import('/module.js').then(async ({ answer }) => post(await answer), (error) => post({ error: String(error?.stack ?? error) }));
      </script>`,
    },
    '/module.js': { type: 'text/javascript', body: module },
    '/kernels.wasm': { type: 'application/wasm', body: kernels },
    ...more,
  };
  return (path: string): Served | null => {
    if (Object.hasOwn(files, path)) return files[path]!;
    if (!path.startsWith(BASE) || !path.endsWith('.js') || normalize(path) !== path) return null;
    return { type: 'text/javascript', body: readFileSync(join(packed.folder, path)) };
  };
};

/** Tasks of the pool as a page would give them; the text runs on the main thread and in a worker. */
const useThreads = (entry: string) => `
  import { createKernelPool } from '${entry}';
  async function use() {
    const module = await WebAssembly.compileStreaming(fetch('/kernels.wasm'));
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
    const pool = await createKernelPool({ size: 2 });
    await pool.run({ module, memory, entry: 'meet', args: [64] });
    pool.runSync({ module, memory, entry: 'meet', args: [128] });
    for (let i = 0; i < 200; i++) pool.runSync({ module, memory, entry: 'count', args: [192] });
    for (let i = 0; i < 50; i++) await pool.run({ module, memory, entry: 'count', args: [192] });
    pool.runSync({ module, memory, entry: 'fill', args: [0, 6] });
    const failures = [];
    for (const which of [0, 1]) {
      try { pool.runSync({ module, memory, entry: 'fail', args: [which] }); } catch (error) { failures.push(String(error).slice(0, 42)); }
    }
    await pool.close();
    const words = new Int32Array(memory.buffer);
    return { filled: [...words.slice(0, 6)], met: [words[16], words[32]], counted: words[48], failures };
  }
`;
const used = {
  filled: [1, 1, 1, 2, 2, 2],
  met: [2, 2],
  counted: 500,
  failures: [0, 1].map((part) => `QuantumError: pool: fail failed in part ${part}: RuntimeError`.slice(0, 42)),
};

describe('the tarball in Chromium', () => {
  test(
    'prints what the README says',
    async () => {
      const examples = readmeExamples();
      const files = examples.map(({ code }, i): [string, Served] => [
        `/example-${i}.js`,
        { type: 'text/javascript', body: stripTypeScriptTypes(code) },
      ]);
      const module = `
        const outputs = [];
        for (let i = 0; i < ${examples.length}; i++) {
          let text = '';
          console.log = (...words) => { text += words.join(' ') + '\\n'; };
          await import('/example-' + i + '.js');
          outputs.push(text);
        }
        export const answer = outputs;`;
      expect(await openPage(pageWith(module, Object.fromEntries(files)))).toEqual(examples.map(({ printed }) => printed));
    },
    TIMEOUT_MS,
  );

  test(
    'runs kernels on Web Workers, from a page and from a worker of its own',
    async () => {
      const inWorker: Served = {
        type: 'text/javascript',
        body: `${useThreads(`${BASE}dist/threads/browser.js`)}\nuse().then(postMessage, (error) => postMessage(String(error)));`,
      };
      const module = `
        ${useThreads('@qefm/quantum/threads')}
        const page = await use();
        const worker = new Worker('/worker.js', { type: 'module' });
        const inWorker = await new Promise((resolve) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => resolve(message || 'the worker failed');
        });
        export const answer = { isolated: crossOriginIsolated, page, inWorker };`;
      expect(await openPage(pageWith(module, { '/worker.js': inWorker }))).toEqual({
        isolated: true,
        page: used,
        inWorker: used,
      });
    },
    TIMEOUT_MS,
  );

  test(
    'says which headers are missing where memory cannot be shared',
    async () => {
      const module = `
        import { createKernelPool } from '@qefm/quantum/browser';
        export const answer = createKernelPool({ size: 2 }).then(() => 'a pool', String);`;
      expect(await openPage(pageWith(module), { isolated: false })).toBe(
        'QuantumError: pool: shared memory wanted; a page needs the COOP and COEP headers for it',
      );
    },
    TIMEOUT_MS,
  );
});
