import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../../core/contracts/safetensors.ts';
import { vocabularyFacts } from '../../../core/encoding/smiles-tokens.ts';
import {
  decodeCheckpoint,
  decodeModel,
  encodeCheckpoint,
  encodeModel,
  type RunFacts,
} from '../../../models/pretraining/checkpoint.ts';
import { freshState } from '../../../models/pretraining/loop.ts';
import { replaceFile } from '../../../models/pretraining/replace-file.ts';
import { checkFacts, openRunFolder } from '../../../models/pretraining/run-folder.ts';
import { BigramTrainer } from '../../support/bigram-engine.ts';

const folder = mkdtempSync(join(tmpdir(), 'qefm-checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const facts: RunFacts = {
  seed: 5,
  batch: 16,
  learningRate: 0.1,
  warmUpSteps: 5,
  shape: { context: 64 },
  train: 'none',
  vocabulary: { ...vocabularyFacts },
};
const trainer = new BigramTrainer({ vocabulary: 40, seed: 1, threads: 1, shape: { context: 64 } });
trainer.lossAndGradient({ tokens: Uint16Array.of(2, 5, 6), targets: Uint16Array.of(5, 6, 0), starts: Uint32Array.of(0, 3) });
trainer.step({ learningRate: 0.1 });
const state = {
  ...freshState(facts, 2),
  step: 1,
  tokens: 3,
  validation: { loss: 1.5, tokens: 3 },
  best: { loss: 1.5, tokens: 3 },
};

describe('checkpoints', () => {
  test('give weights, moments and state back, bit for bit', () => {
    const back = decodeCheckpoint(encodeCheckpoint(trainer, state));
    expect(back.state).toEqual(state);
    expect(back.trainerState(trainer.parameters)).toEqual({ weights: trainer.weights(), optimizer: trainer.optimizerState() });
  });

  test('name their tensors as the model does', () => {
    const { tensors } = decodeSafetensors(encodeCheckpoint(trainer, state));
    expect(Object.keys(tensors).sort()).toEqual(
      ['first', 'second', 'weights'].flatMap((kind) => [`${kind}.bias`, `${kind}.follows`]),
    );
    expect(tensors['weights.follows']!.shape).toEqual([40, 40]);
  });

  test('do not fit a model of another shape', () => {
    const other = new BigramTrainer({ vocabulary: 41, seed: 1, threads: 1, shape: {} });
    expect(() => decodeCheckpoint(encodeCheckpoint(trainer, state)).trainerState(other.parameters)).toThrow(
      'tensor weights.follows: f32 [41, 41] wanted, found [40, 40]',
    );
    const more = [{ name: 'more', shape: [1], offset: 0, length: 1, decays: false }];
    expect(() => decodeCheckpoint(encodeCheckpoint(trainer, state)).trainerState(more)).toThrow(
      'tensor weights.more: f32 [1] wanted, found none',
    );
  });

  test('of another kind are refused', () => {
    const { tensors } = decodeSafetensors(encodeCheckpoint(trainer, state));
    expect(() => decodeCheckpoint(encodeSafetensors({ metadata: {}, tensors }))).toThrow('metadata field state');
    const text = JSON.stringify({ ...state, schema: 'pretraining-state/9' });
    expect(() => decodeCheckpoint(encodeSafetensors({ metadata: { state: text }, tensors }))).toThrow('state: schema');
  });
});

describe('models', () => {
  test('give weights and their origin back', () => {
    const training = { facts, steps: 1, tokens: 3, validation: state.validation, elapsedS: 2 };
    const header = {
      schema: 'smiles-transformer/1',
      shape: { ...trainer.config },
      vocabulary: facts.vocabulary,
      training,
    } as const;
    const back = decodeModel(encodeModel(trainer, header));
    expect(back.header).toEqual(header);
    expect(back.weights(trainer.parameters)).toEqual(trainer.weights());
  });
});

describe('replaceFile', () => {
  test('puts the new content in the place of the old and leaves nothing beside', () => {
    const path = join(folder, 'a.bin');
    writeFileSync(`${path}.part`, 'half of a file that a killed process left');
    replaceFile(path, Uint8Array.of(1, 2, 3));
    replaceFile(path, 'text');
    expect(readFileSync(path, 'utf8')).toBe('text');
    expect(readdirSync(folder)).toEqual(['a.bin']);
  });
});

describe('openRunFolder', () => {
  test('cuts off the lines that were written after the last checkpoint', () => {
    const place = join(folder, 'run');
    const first = openRunFolder(place);
    expect(first.last).toBeNull();
    const logBytes = first.log({ kind: 'step', loss: 2 });
    first.checkpoint(encodeCheckpoint(trainer, { ...state, logBytes }));
    first.log({ kind: 'step', loss: 1 });
    const again = openRunFolder(place);
    expect(again.last!.state.step).toBe(1);
    again.log({ kind: 'resume' });
    expect(readFileSync(join(place, 'log.jsonl'), 'utf8')).toBe('{"kind":"step","loss":2}\n{"kind":"resume"}\n');
  });

  test('begins a new log where no checkpoint was written', () => {
    const place = join(folder, 'young');
    openRunFolder(place).log({ kind: 'start' });
    openRunFolder(place).log({ kind: 'start' });
    expect(readFileSync(join(place, 'log.jsonl'), 'utf8')).toBe('{"kind":"start"}\n');
  });
});

describe('checkFacts', () => {
  test('names the first fact that differs', () => {
    expect(() => checkFacts(facts, { ...facts })).not.toThrow();
    expect(() => checkFacts(facts, { ...facts, batch: 32 })).toThrow('this run has batch 16, asked for is 32; another folder');
  });
});
