import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { describe, expect, test } from 'vitest';
import { routes } from '../../core/contracts/api.ts';
import { BudgetExceeded } from '../../core/contracts/errors.ts';
import { openapi } from '../../core/contracts/openapi.ts';
import { manifest } from '../../infra/manifest.ts';
import { describeError, presentable } from '../../lambdas/shared/foreign-errors.ts';
import { runIdOf, spansOf } from '../../lambdas/shared/runs.ts';
import { taskOfDirectory, tokenKey } from '../../lambdas/shared/tasks.ts';
import { createTelemetry } from '../../lambdas/shared/telemetry.ts';

describe('a run id', () => {
  test('is the same for the same request and another for each part that differs', () => {
    const ids = [
      runIdOf('bace', 's3://b/k', 'v1', '{}'),
      runIdOf('bace', 's3://b/k', 'v2', '{}'),
      runIdOf('bace', 's3://b/other', 'v1', '{}'),
      runIdOf('bace', 's3://b/k', 'v1', '{"planOnly":true}'),
    ];
    expect(new Set(ids).size).toBe(4);
    expect(runIdOf('bace', 's3://b/k', 'v1', '{}')).toBe(ids[0]);
    expect(ids[0]).toMatch(/^bace-[0-9a-f]{12}$/);
  });
});

describe('the spans of a history', () => {
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
  const entered = (name: string, second: number) =>
    ({ timestamp: at(second), stateEnteredEventDetails: { name } }) as HistoryEvent;
  const exited = (name: string, second: number) => ({ timestamp: at(second), stateExitedEventDetails: { name } }) as HistoryEvent;

  test('pair each exit with the last open entry, side by side and again', () => {
    const spans = spansOf([
      entered('A', 0),
      entered('B', 1),
      exited('A', 2),
      entered('A', 3),
      exited('B', 4),
      exited('A', 5),
      entered('C', 6),
    ]);
    expect(
      spans.map(({ stage, startedAt, endedAt }) => [
        stage,
        (Date.parse(startedAt) / 1000) % 60,
        endedAt === null ? null : (Date.parse(endedAt) / 1000) % 60,
      ]),
    ).toEqual([
      ['A', 0, 2],
      ['B', 1, 4],
      ['A', 3, 5],
      ['C', 6, null],
    ]);
  });
});

describe('a task directory', () => {
  test('says run, token and index, and that it belongs to somebody else', () => {
    expect(taskOfDirectory('runs/bace-0a1b/tasks/00ff/00012/5c1d-uuid')).toEqual({ runId: 'bace-0a1b', key: '00ff', index: 12 });
    for (const directory of [
      'tasks/x',
      'runs/a/tasks/zz/00001/u',
      'runs/a/tasks/00ff/1/u',
      'runs/a/tasks/00ff/00001',
      'other/runs/a/tasks/00ff/00001/u',
    ]) {
      expect(taskOfDirectory(directory), directory).toBeNull();
    }
  });

  test('has a token key that depends on run, stage, circuits and device', () => {
    const keys = [
      tokenKey('r', 'train', 'c', 'd'),
      tokenKey('r', 'refine', 'c', 'd'),
      tokenKey('r', 'train', 'x', 'd'),
      tokenKey('r', 'train', 'c', 'e'),
      tokenKey('q', 'train', 'c', 'd'),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.every((key) => /^[0-9a-f]{32}$/.test(key))).toBe(true);
  });
});

describe('telemetry', () => {
  const SMILES = 'CC(=O)Nc1ccc(O)cc1';

  test('writes metrics in sum and by state, once', () => {
    const lines: string[] = [];
    const telemetry = createTelemetry(
      'QEFM',
      'EncodeLigands',
      { runId: 'r' },
      () => 0,
      (line) => lines.push(line),
    );
    telemetry.count('LigandsEncoded', 2);
    telemetry.count('LigandsEncoded', 3);
    telemetry.gauge('Loss', Number.NaN);
    telemetry.flush();
    telemetry.flush();
    expect(lines.length).toBe(1);
    const emf = JSON.parse(lines[0]!) as Record<string, unknown> & { _aws: { CloudWatchMetrics: object[] } };
    expect(emf).toMatchObject({ LigandsEncoded: 5, State: 'EncodeLigands', runId: 'r' });
    expect(emf['Loss']).toBeUndefined();
    expect(emf._aws.CloudWatchMetrics[0]).toMatchObject({ Namespace: 'QEFM', Dimensions: [['State'], []] });
  });

  test('tells our own errors in full and of a stranger only the place, since its words may hold a structure', () => {
    expect(describeError(new BudgetExceeded('too much'))).toEqual({ error: 'BudgetExceeded', message: 'too much' });
    const strange = describeError(new TypeError(`cannot parse ${SMILES}`));
    expect(JSON.stringify(strange)).not.toContain(SMILES);
    expect(strange.error).toBe('TypeError');
    expect(strange.place).toMatch(/^at /);
  });

  test('lets a stranger out of a handler under its name, with its place and without its words', () => {
    const stranger = new TypeError(`cannot parse ${SMILES}\n    at more of ${SMILES}`, { cause: new Error(SMILES) });
    const shown = presentable(stranger);
    expect(shown.name).toBe('TypeError');
    expect(shown.message).toMatch(/^at .*parts\.test\.ts/);
    expect(inspect(shown, { depth: 9 })).not.toContain(SMILES);
    expect(shown.stack).toMatch(/^TypeError: at /);
    const own = new BudgetExceeded('too much');
    expect(presentable(own)).toBe(own);
    const caused = presentable(new BudgetExceeded('too much', { cause: stranger }));
    expect(caused).toMatchObject({ name: 'BudgetExceeded', message: 'too much' });
    expect(inspect(caused, { depth: 9 })).not.toContain(SMILES);
    for (const thrown of [SMILES, undefined, { message: SMILES }]) {
      expect(inspect(presentable(thrown))).not.toContain(SMILES);
      expect(JSON.stringify(describeError(thrown))).not.toContain(SMILES);
    }
  });
});

describe('the description of the API', () => {
  const document = openapi('1.2.3') as {
    openapi: string;
    info: { version: string };
    paths: Record<
      string,
      Record<string, { operationId: string; parameters?: { name: string; in: string; required: boolean }[] }>
    >;
  };

  test('has every route of the manifest under its function, and no other', () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => `${method.toUpperCase()} ${path} ${operationId}`),
    );
    expect(described.sort()).toEqual(manifest.routes.map((route) => `${route.method} ${route.path} ${route.function}`).sort());
    expect(Object.keys(routes).length).toBe(manifest.routes.length);
    expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
  });

  test('declares each parameter that a path names', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      for (const { parameters = [] } of Object.values(methods)) {
        expect(parameters.filter((one) => one.in === 'path').map(({ name, required }) => [name, required])).toEqual(
          names.map((name) => [name, true]),
        );
      }
    }
    expect(JSON.stringify(document)).not.toContain('$schema');
  });
});

describe('the bundles', () => {
  test('are there for every function and small enough to start quickly', () => {
    const { sizes } = JSON.parse(readFileSync('dist/build.json', 'utf8')) as { sizes: Record<string, number> };
    expect(Object.keys(sizes).sort()).toEqual(manifest.functions.map(({ name }) => name).sort());
    for (const [name, bytes] of Object.entries(sizes)) {
      expect(bytes, name).toBeGreaterThan(1_000);
      expect(bytes, name).toBeLessThan(4_000_000);
    }
  });
});
