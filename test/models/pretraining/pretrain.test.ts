import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { decodeSafetensors } from '../../../core/contracts/safetensors.ts';
import { decodeCheckpoint, decodeModel } from '../../../models/pretraining/checkpoint.ts';
import { numberOption, shapeOption } from '../../../models/pretraining/options.ts';
import { encodeCorpus } from '../../../models/pretraining/packed.ts';
import { smallCorpus } from '../../support/small-corpus.ts';

const folder = mkdtempSync(join(tmpdir(), 'qefm-pretrain-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'train.safetensors'), encodeCorpus(smallCorpus('train', 0, 60)));
writeFileSync(join(folder, 'validation.safetensors'), encodeCorpus(smallCorpus('validation', 60, 80)));

function pretrain(run: string, engine: string, more: string[] = [], killAt = 0) {
  const settings = [
    '--batch',
    '8',
    '--rate',
    '0.1',
    '--warm-up',
    '4',
    '--steps',
    '24',
    '--checkpoint-minutes',
    '0',
    '--log-every',
    '3',
  ];
  const places = ['--corpus', folder, '--run', join(folder, run), '--engine', `test/support/${engine}.ts`];
  return spawnSync(
    process.execPath,
    [
      'models/pretraining/pretrain.ts',
      ...places,
      ...settings,
      '--validate-every',
      '5000',
      '--validation-sequences',
      '16',
      ...more,
    ],
    { env: { ...process.env, KILL_AT: String(killAt) }, encoding: 'utf8' },
  );
}

const file = (run: string, name: string) => readFileSync(join(folder, run, name));
const numbersOf = (run: string) =>
  file(run, 'log.jsonl')
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ kind }) => kind !== 'resume')
    .map(({ elapsedS, ...line }) => line);

describe('npm run pretrain', () => {
  const whole = pretrain('whole', 'bigram-engine');

  test('trains a model to its end', () => {
    expect([whole.status, whole.stderr]).toEqual([0, '']);
    expect(whole.stdout).toContain('pretraining: done');
    expect(decodeModel(file('whole', 'model.safetensors')).header.training).toMatchObject({ steps: 24, facts: { batch: 8 } });
  });

  test('killed twice and begun again ends with the same bits and the same log', () => {
    for (const killAt of [9, 11]) {
      const killed = pretrain('killed', 'killed-engine', [], killAt);
      expect(killed.signal).toBe('SIGKILL');
    }
    // Every step left a checkpoint, so the second part began at step 8 and died in its 11th.
    expect(decodeCheckpoint(file('killed', 'checkpoint.safetensors')).state.step).toBe(18);
    const last = pretrain('killed', 'bigram-engine');
    expect([last.status, last.stderr]).toEqual([0, '']);
    expect(decodeSafetensors(file('killed', 'checkpoint.safetensors')).tensors).toEqual(
      decodeSafetensors(file('whole', 'checkpoint.safetensors')).tensors,
    );
    expect(decodeSafetensors(file('killed', 'model.safetensors')).tensors).toEqual(
      decodeSafetensors(file('whole', 'model.safetensors')).tensors,
    );
    const stateOf = (run: string) => {
      const { elapsedS, logBytes, ...state } = decodeCheckpoint(file(run, 'checkpoint.safetensors')).state;
      return state;
    };
    expect(stateOf('killed')).toEqual(stateOf('whole'));
    expect(numbersOf('killed')).toEqual(numbersOf('whole'));
  });

  test('refuses to go on with a run under other settings', () => {
    const other = pretrain('whole', 'bigram-engine', ['--seed', '7']);
    expect(other.status).toBe(1);
    expect(other.stderr).toContain('this run has seed 2026, asked for is 7; another folder begins another run');
  });
});

describe('options', () => {
  test('are numbers, or are refused by name', () => {
    expect(numberOption('rate', '2e-3')).toBe(0.002);
    expect(() => numberOption('rate', 'fast')).toThrow('--rate: a number wanted, "fast" found');
    expect(() => numberOption('rate', '')).toThrow('--rate: a number wanted');
    expect(shapeOption('width=128,layers=4')).toEqual({ width: 128, layers: 4 });
    expect(shapeOption('')).toEqual({});
    expect(() => shapeOption('width')).toThrow('--shape width: a number wanted');
  });
});
