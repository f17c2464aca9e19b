/** Training of the classical model: the reference y_c that every later claim is compared with. */
import { type Random, seeded } from '@qefm/quantum';
import { adamDefaults, adamStep, zeroMoments } from '../math/optimizers.ts';
import {
  type BackboneShape,
  backboneBackward,
  backboneForward,
  backboneSize,
  type DropoutMask,
  initialBackbone,
} from './backbone.ts';
import { FINGERPRINT_BITS, type Inputs } from './features.ts';
import { affinityObjective, type Labels, rootMeanSquareError } from './objective.ts';

export interface ClassicalSettings {
  width: number;
  features: number;
  batch: number;
  maximumEpochs: number;
  /** Epochs without a better validation error after which training stops. */
  patience: number;
  learningRate: number;
  weightDecay: number;
  /** Share of fingerprint bits, and of first-layer units, left out of a batch. */
  bitDropout: number;
  hiddenDropout: number;
}

export const classicalDefaults: ClassicalSettings = {
  width: 64,
  features: 32,
  batch: 64,
  maximumEpochs: 60,
  patience: 15,
  learningRate: 2e-3,
  weightDecay: 0.05,
  bitDropout: 0.5,
  hiddenDropout: 0.2,
};

export interface ClassicalTraining {
  shape: BackboneShape;
  weights: Float64Array;
  epochs: number;
  bestEpoch: number;
  /** Root mean square error on the validation rows, pK, after each epoch. */
  validationRmsePk: number[];
  trainLoss: number[];
}

export function pickLabels({ pK, relations }: Labels, rows: readonly number[]): Labels {
  return { pK: Float64Array.from(rows, (row) => pK[row]!), relations: rows.map((row) => relations[row]!) };
}

/**
 * AdamW on minibatches of the training rows with a cosine-falling rate; the weights of the best validation epoch are kept.
 *
 * throws  RangeError without training or validation rows
 */
export function trainBackbone(
  inputs: Inputs,
  labels: Labels,
  { train, validation }: { train: readonly number[]; validation: readonly number[] },
  settings: ClassicalSettings,
  seed: number,
): ClassicalTraining {
  if (train.length === 0 || validation.length === 0) {
    throw new RangeError(`training wants train and validation rows, found ${train.length} and ${validation.length}`);
  }
  const shape: BackboneShape = {
    descriptors: inputs.descriptors.columns,
    bits: FINGERPRINT_BITS,
    width: settings.width,
    features: settings.features,
  };
  const random = seeded(seed, 'classical');
  const meanLabel = train.reduce((sum, row) => sum + labels.pK[row]!, 0) / train.length;
  const weights = initialBackbone(shape, meanLabel, random.fork('weights'));
  const moments = zeroMoments(backboneSize(shape));
  const gradient = new Float64Array(weights.length);
  const validationLabels = pickLabels(labels, validation);
  const history: ClassicalTraining = {
    shape,
    weights: weights.slice(),
    epochs: 0,
    bestEpoch: 0,
    validationRmsePk: [],
    trainLoss: [],
  };
  const batches = Math.ceil(train.length / settings.batch);
  let best = Number.POSITIVE_INFINITY;
  let step = 0;
  for (let epoch = 1; epoch <= settings.maximumEpochs; epoch++) {
    const order = random.fork('order', epoch).shuffled(train);
    let lossSum = 0;
    for (let batch = 0; batch < batches; batch++) {
      // Batches of nearly equal size, so that none is a lone molecule.
      const rows = order.slice(Math.floor((batch * order.length) / batches), Math.floor(((batch + 1) * order.length) / batches));
      const mask = dropoutMask(shape, settings, random.fork('dropout', epoch, batch));
      const forward = backboneForward(shape, weights, inputs, rows, mask);
      const { loss, dy } = affinityObjective(forward.y, pickLabels(labels, rows));
      gradient.fill(0);
      backboneBackward(shape, weights, inputs, forward, { dy, mask }, gradient);
      const learningRate = settings.learningRate * 0.5 * (1 + Math.cos((Math.PI * step) / (settings.maximumEpochs * batches)));
      adamStep(weights, gradient, moments, ++step, { ...adamDefaults, learningRate, weightDecay: settings.weightDecay });
      lossSum += loss * rows.length;
    }
    const error = rootMeanSquareError(backboneForward(shape, weights, inputs, validation).y, validationLabels);
    history.validationRmsePk.push(error);
    history.trainLoss.push(lossSum / train.length);
    history.epochs = epoch;
    if (error < best) {
      best = error;
      history.bestEpoch = epoch;
      history.weights.set(weights);
    } else if (epoch - history.bestEpoch >= settings.patience) {
      break;
    }
  }
  return history;
}

function dropoutMask(shape: BackboneShape, { bitDropout, hiddenDropout }: ClassicalSettings, random: Random): DropoutMask {
  const draw = (length: number, rate: number) =>
    Float64Array.from({ length }, () => (random.uniform() < rate ? 0 : 1 / (1 - rate)));
  return { bits: draw(shape.bits, bitDropout), hidden: draw(shape.width, hiddenDropout) };
}
