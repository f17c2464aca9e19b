/**
 * Chromium without a window, for one page at a time: the page is served from here and posts its answer to /answer. CHROMIUM_PATH names another
 * browser of that family; without one the test fails and says what to install.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const PLACES = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...[
    '--disable-component-update',
    '--disable-sync',
    '--disable-extensions',
    '--disable-default-apps',
    '--no-default-browser-check',
  ],
  // Shared memory of a container is often 64 MiB.
  '--disable-dev-shm-usage',
];
/** Far above the five seconds it takes: a loaded machine of two cores must not fail. */
const PATIENCE_MS = 150_000;

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function findChromium(): string {
  const named = process.env['CHROMIUM_PATH'];
  const wanted = named
    ? [named]
    : [...(process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))), ...PLACES];
  const found = wanted.find(isExecutable);
  if (found === undefined) {
    const where = named ? `CHROMIUM_PATH is ${named}, which cannot be run` : 'no Chromium on the PATH';
    throw new Error(`${where}: install it (Debian: apt-get install --no-install-recommends chromium) or set CHROMIUM_PATH`);
  }
  return found;
}

export interface Served {
  readonly type: 'text/html' | 'text/javascript' | 'application/wasm';
  readonly body: string | Uint8Array;
}

export interface PageOptions {
  /** Sends the headers that shared memory needs. Default true. */
  readonly isolated?: boolean;
}

/** Opens `/` and resolves with what the page posts to /answer, as JSON. */
export async function openPage(serve: (path: string) => Served | null, options: PageOptions = {}): Promise<unknown> {
  const browser = findChromium();
  const asked: string[] = [];
  let answer: (value: unknown) => void = () => {};
  const answered = new Promise<unknown>((resolve) => {
    answer = resolve;
  });
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        response.end();
        answer(JSON.parse(Buffer.concat(parts).toString('utf8')));
      });
      return;
    }
    asked.push(request.url ?? '');
    send(response, serve(request.url ?? ''), options.isolated ?? true);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const home = mkdtempSync(join(tmpdir(), 'chromium-'));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const child = spawn(browser, [...FLAGS, `--user-data-dir=${join(home, 'profile')}`, address], {
    env: { ...process.env, HOME: home },
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own, so that no child of the browser outlives the test.
    detached: process.platform !== 'win32',
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      answered,
      new Promise<never>((_, reject) => {
        const fail = (what: string) => reject(new Error(`${browser} ${what}; it asked for ${asked.join(' ')} and said\n${said}`));
        child.once('error', (error) => fail(`did not start: ${error.message}`));
        child.once('exit', (code, signal) => fail(`ended with ${code ?? signal}`));
        timer = setTimeout(() => fail(`gave no answer in ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
      }),
    ]);
  } finally {
    clearTimeout(timer);
    try {
      if (child.pid !== undefined) process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    if (child.pid !== undefined) await ended;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

function send(response: ServerResponse, served: Served | null, isolated: boolean): void {
  if (isolated) {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  }
  response.statusCode = served === null ? 404 : 200;
  response.setHeader('Content-Type', served?.type ?? 'text/plain');
  response.end(served?.body ?? 'not found');
}
