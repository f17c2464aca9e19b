/**
 * Checkpoints and models as safetensors files.
 *
 * `pretraining-state/1`: tensors `weights.<name>`, `first.<name>`, `second.<name>` (the moments of the optimiser); the metadata field `state` is JSON.
 * `smiles-transformer/1`: tensors `<name>` alone; the metadata field `model` is JSON.
 */
import { z } from 'zod';
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from '../../core/contracts/safetensors.ts';
import { VocabularyFacts } from './packed.ts';
import type { ParameterPlace, Trainer, TrainerState } from './trainer.ts';

const Count = z.int().min(0);
const Shape = z.record(z.string(), z.number());

/** What decides the numbers of a run; a run goes on only under the same. */
export const RunFacts = z.strictObject({
  seed: z.int(),
  /** Sequences in a batch. */
  batch: z.int().min(1),
  learningRate: z.number().positive(),
  warmUpSteps: z.int().min(1),
  shape: Shape,
  /** Hash of the file of training tokens. */
  train: z.string(),
  vocabulary: VocabularyFacts,
});
export type RunFacts = z.infer<typeof RunFacts>;

/** Loss per target in nats after so many targets; null before the first. */
const Validation = z.strictObject({ loss: z.number(), tokens: Count }).nullable();

export const RunState = z.strictObject({
  schema: z.literal('pretraining-state/1'),
  facts: RunFacts,
  /** Steps taken, and targets seen in them. */
  step: Count,
  tokens: Count,
  position: z.strictObject({ epoch: Count, index: Count }),
  /** Steps of the whole; null while the warm-up measures how many the time allows. */
  totalSteps: Count.nullable(),
  /** Losses since the last line of the log: their sum over targets, and the targets. */
  interval: z.strictObject({ lossSum: z.number(), tokens: Count, steps: Count }),
  /** The last validation and the best one. */
  validation: Validation,
  best: Validation,
  /** Time spent in all, and length of the log, when this was written. */
  elapsedS: z.number().min(0),
  logBytes: Count,
  threads: z.int().min(1),
});
export type RunState = z.infer<typeof RunState>;

export const ModelHeader = z.strictObject({
  schema: z.literal('smiles-transformer/1'),
  shape: Shape,
  vocabulary: VocabularyFacts,
  /** Where the weights come from. */
  training: z.strictObject({ facts: RunFacts, steps: Count, tokens: Count, validation: Validation, elapsedS: z.number() }),
});
export type ModelHeader = z.infer<typeof ModelHeader>;

type Tensors = Record<string, { shape: readonly number[]; data: Float32Array }>;

function named(flat: Float32Array, parameters: readonly ParameterPlace[], prefix: string): Tensors {
  return Object.fromEntries(
    parameters.map(({ name, shape, offset, length }) => [
      `${prefix}${name}`,
      { shape, data: flat.subarray(offset, offset + length) },
    ]),
  );
}

/** The flat vector of the named tensors; throws RangeError for one that is missing or has another shape. */
function flatten({ tensors }: SafetensorsFile, parameters: readonly ParameterPlace[], prefix: string): Float32Array {
  const flat = new Float32Array(parameters.reduce((end, { offset, length }) => Math.max(end, offset + length), 0));
  for (const { name, shape, offset } of parameters) {
    const found = tensors[`${prefix}${name}`];
    if (!(found?.data instanceof Float32Array) || found.shape.join() !== shape.join())
      throw new RangeError(
        `tensor ${prefix}${name}: f32 [${shape.join(', ')}] wanted, found ${found === undefined ? 'none' : `[${found.shape.join(', ')}]`}`,
      );
    flat.set(found.data, offset);
  }
  return flat;
}

function metadataOf<T>(file: SafetensorsFile, field: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(JSON.parse(file.metadata[field] ?? 'null'));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new RangeError(`metadata field ${field}: ${issue.path.join('.')}: ${issue.message}`);
}

export function encodeCheckpoint(trainer: Trainer, state: RunState): Uint8Array {
  const { first, second } = trainer.optimizerState();
  const { parameters } = trainer;
  return encodeSafetensors({
    metadata: { state: JSON.stringify(RunState.parse(state)) },
    tensors: {
      ...named(trainer.weights(), parameters, 'weights.'),
      ...named(first, parameters, 'first.'),
      ...named(second, parameters, 'second.'),
    },
  });
}

export interface Checkpoint {
  state: RunState;
  /** Weights and moments in the layout of an engine's parameters; throws RangeError where they do not fit. */
  trainerState(parameters: readonly ParameterPlace[]): TrainerState;
}

/** throws  RangeError that names what is out of place */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const file = decodeSafetensors(bytes);
  const state = metadataOf(file, 'state', RunState);
  return {
    state,
    trainerState: (parameters) => ({
      weights: flatten(file, parameters, 'weights.'),
      optimizer: {
        step: state.step,
        first: flatten(file, parameters, 'first.'),
        second: flatten(file, parameters, 'second.'),
      },
    }),
  };
}

export function encodeModel(trainer: Pick<Trainer, 'weights' | 'parameters'>, header: ModelHeader): Uint8Array {
  return encodeSafetensors({
    metadata: { model: JSON.stringify(ModelHeader.parse(header)) },
    tensors: named(trainer.weights(), trainer.parameters, ''),
  });
}

/** throws  RangeError that names what is out of place */
export function decodeModel(bytes: Uint8Array): {
  header: ModelHeader;
  weights(parameters: readonly ParameterPlace[]): Float32Array;
} {
  const file = decodeSafetensors(bytes);
  return { header: metadataOf(file, 'model', ModelHeader), weights: (parameters) => flatten(file, parameters, '') };
}
