/** The model as a tensor file, and back: read(write(model)) is exact. */
import { FINGERPRINT_BYTES } from '../contracts/artifacts.ts';
import { ArtifactInvalid } from '../contracts/errors.ts';
import { AffinityModelHeader } from '../contracts/model.ts';
import type { Tensor, TensorFile } from '../contracts/tensors.ts';
import type { AffinityModel } from './affinity-model.ts';
import { backboneSize } from './backbone.ts';
import { descriptorCount } from './features.ts';
import { headSize } from './quantum-head.ts';

type Tensors = Record<string, Tensor>;

export function vectorTensor(data: Float64Array): Tensor {
  return { shape: [data.length], data };
}

/** Header and tensors; `prefix` goes before every tensor's name, for a model inside a larger file. */
export function writeModel(model: AffinityModel, prefix = ''): { header: AffinityModelHeader; tensors: Tensors } {
  const { labelled, hybrid } = model;
  const { count } = labelled.features;
  const tensors: Tensors = {
    [`${prefix}scaling/means`]: vectorTensor(model.scaling.means),
    [`${prefix}scaling/deviations`]: vectorTensor(model.scaling.deviations),
    [`${prefix}classical`]: vectorTensor(model.classical),
    [`${prefix}labelled/pK`]: vectorTensor(labelled.pK),
    [`${prefix}labelled/descriptors`]: {
      shape: [count, descriptorCount(labelled.features)],
      data: labelled.features.descriptors,
    },
    [`${prefix}labelled/fingerprints`]: { shape: [count, FINGERPRINT_BYTES], data: labelled.features.fingerprints },
  };
  if (hybrid !== null) {
    tensors[`${prefix}hybrid/backbone`] = vectorTensor(hybrid.backbone);
    tensors[`${prefix}hybrid/head`] = vectorTensor(hybrid.head.flat);
  }
  return {
    // Parsing puts the keys into the order of the schema, so that equal models are equal bytes.
    header: AffinityModelHeader.parse({
      schema: 'affinity-model/1',
      seed: model.seed,
      descriptorNames: [...model.descriptorNames],
      backbone: model.shape,
      head: hybrid === null ? null : { shape: hybrid.head.shape, normSquare: hybrid.head.normSquare },
      classicalTraining: model.classicalTraining,
      calibration: model.calibration,
      gate: model.gate,
      domainSimilarity: model.domainSimilarity,
      labelled: { ids: [...labelled.ids], relations: [...labelled.relations], splits: [...labelled.splits] },
    }),
    tensors,
  };
}

/** Throws ArtifactInvalid that names the first thing out of place. */
export function readModel({ header, tensors }: TensorFile<Record<string, unknown>>, prefix = ''): AffinityModel {
  const facts = parseHeader(header);
  const count = facts.labelled.ids.length;
  const { descriptors } = facts.backbone;
  const weights = backboneSize(facts.backbone);
  return {
    seed: facts.seed,
    descriptorNames: facts.descriptorNames,
    scaling: {
      means: takeFloats(tensors, `${prefix}scaling/means`, descriptors),
      deviations: takeFloats(tensors, `${prefix}scaling/deviations`, descriptors),
    },
    shape: facts.backbone,
    classical: takeFloats(tensors, `${prefix}classical`, weights),
    classicalTraining: facts.classicalTraining,
    hybrid:
      facts.head === null
        ? null
        : {
            backbone: takeFloats(tensors, `${prefix}hybrid/backbone`, weights),
            head: { ...facts.head, flat: takeFloats(tensors, `${prefix}hybrid/head`, headSize(facts.head.shape)) },
          },
    labelled: {
      ids: facts.labelled.ids,
      relations: facts.labelled.relations,
      splits: facts.labelled.splits,
      pK: takeFloats(tensors, `${prefix}labelled/pK`, count),
      features: {
        count,
        descriptors: takeFloats(tensors, `${prefix}labelled/descriptors`, count * descriptors),
        fingerprints: takeBytes(tensors, `${prefix}labelled/fingerprints`, count * FINGERPRINT_BYTES),
      },
    },
    calibration: facts.calibration,
    gate: facts.gate,
    domainSimilarity: facts.domainSimilarity,
  };
}

function parseHeader(header: Record<string, unknown>): AffinityModelHeader {
  const parsed = AffinityModelHeader.safeParse(header);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new ArtifactInvalid(`affinity-model/1: ${issue.path.join('.')}: ${issue.message}`);
}

/** The named f64 tensor, of the wanted length where one is given; throws ArtifactInvalid otherwise. */
export function takeFloats(tensors: Tensors, name: string, length?: number): Float64Array {
  const data = tensors[name]?.data;
  if (data instanceof Float64Array && (length === undefined || data.length === length)) return data;
  throw new ArtifactInvalid(`tensor ${name}: wanted ${length ?? 'any number of'} f64 values, found ${described(data)}`);
}

export function takeBytes(tensors: Tensors, name: string, length: number): Uint8Array {
  const data = tensors[name]?.data;
  if (data instanceof Uint8Array && data.length === length) return data;
  throw new ArtifactInvalid(`tensor ${name}: wanted ${length} bytes, found ${described(data)}`);
}

export function takeIntegers(tensors: Tensors, name: string): number[] {
  const data = tensors[name]?.data;
  if (data instanceof Int32Array) return Array.from(data);
  throw new ArtifactInvalid(`tensor ${name}: wanted i32 values, found ${described(data)}`);
}

function described(data: Tensor['data'] | undefined): string {
  return data === undefined ? 'none' : `${data.length} of ${data.constructor.name}`;
}
