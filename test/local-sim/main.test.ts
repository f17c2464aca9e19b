/** The manifest's cloud, from the manifest's own machines, without the bundles: nothing is invoked here. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { manifest } from '../../infra/manifest.ts';
import { startLocalCloud } from '../../local-sim/main.ts';

const project = join(import.meta.dirname, '..', '..');
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'manifest-'));
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'dist', 'build.json'), JSON.stringify({ codeVersion: 'test' }));
  cpSync(join(project, 'state-machines'), join(root, 'state-machines'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const start = () => startLocalCloud({ stateDir: join(root, 'state'), root, schedules: false, log: () => {} });
const list = async (promise: Promise<Record<string, unknown>>, member: string) =>
  (await promise)[member] as Record<string, unknown>[];

describe('startLocalCloud', () => {
  test('holds every bucket, function, machine and rule of the manifest, before and after a restart', async () => {
    for (let life = 0; life < 2; life++) {
      const cloud = await start();
      const buckets = await list(cloud.s3.call('ListBuckets', {}), 'Buckets');
      const functions = await list(cloud.lambda.call('ListFunctions', {}), 'Functions');
      const machines = await list(cloud.peer('states').call('ListStateMachines', {}), 'stateMachines');
      const rules = await list(cloud.events.call('ListRules', {}), 'Rules');
      await cloud.stop();
      expect(buckets).toHaveLength(manifest.buckets.length);
      expect(functions.map((f) => f['FunctionName']).sort()).toEqual(manifest.functions.map((f) => `qefm-${f.name}`).sort());
      expect(machines.map((m) => m['name']).sort()).toEqual(manifest.machines.map((m) => `qefm-${m.name}`).sort());
      expect(rules.map((r) => r['Name']).sort()).toEqual(manifest.rules.map((r) => `qefm-${r.name}`).sort());
      expect(JSON.stringify(rules)).not.toContain('${');
      expect(JSON.stringify(functions)).not.toContain('${');
    }
  });

  test('answers every route of the HTTP API, and only to signed requests', async () => {
    const cloud = await start();
    for (const { method, path } of manifest.routes) {
      const response = await fetch(`${cloud.endpoint}/api${path.replace('{runId}', 'r')}`, { method });
      expect([path, response.status]).toEqual([path, 403]);
    }
    await cloud.stop();
  });

  test('says what to do when nothing was built', async () => {
    rmSync(join(root, 'dist'), { recursive: true });
    await expect(start()).rejects.toThrow('npm run build');
  });
});

describe('node local-sim/main.ts', () => {
  const run = (...args: string[]) => {
    const child = spawn(process.execPath, [join(project, 'local-sim', 'main.ts'), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += String(text);
    });
    return { child, ended, errors: () => errors };
  };

  test('prints where it is, refuses a second process in its folder, and ends well when told to', async () => {
    const first = run('--state', 'state', '--port', '0', '--json');
    const { value } = await createInterface({ input: first.child.stdout })[Symbol.asyncIterator]().next();
    const told = JSON.parse(String(value)) as { endpoint: string; api: string; env: Record<string, string> };
    expect(told.env['AWS_ENDPOINT_URL']).toBe(told.endpoint);
    expect((await fetch(`${told.api}/runs`)).status).toBe(403);
    const second = run('--state', 'state', '--port', '0');
    expect(await second.ended).toBe(1);
    expect(second.errors()).toContain(`in use by process ${first.child.pid}`);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
  });

  test('refuses a port that is none', async () => {
    const wrong = run('--port', 'http');
    expect(await wrong.ended).toBe(1);
    expect(wrong.errors()).toContain('--port wants a number');
  });
});
