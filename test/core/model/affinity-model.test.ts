import { seeded } from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import { decodeTensors, encodeTensors } from '../../../core/contracts/tensors.ts';
import {
  hiddenFeatures,
  labelledCompounds,
  labelledInputs,
  prepareScorer,
  rowsOf,
  trainClassicalModel,
  withHybrid,
} from '../../../core/model/affinity-model.ts';
import { halfWidthPk } from '../../../core/model/calibration.ts';
import { selectFeatures } from '../../../core/model/features.ts';
import { readModel, writeModel } from '../../../core/model/model-file.ts';
import { rootMeanSquareError } from '../../../core/model/objective.ts';
import { headViews, initialHead } from '../../../core/model/quantum-head.ts';
import { pickLabels } from '../../../core/model/train-classical.ts';
import { DESCRIPTORS, quickSettings, syntheticFeatures, syntheticLabelled, syntheticLabels } from './synthetic.ts';

const labelled = syntheticLabelled(420, 1);
const model = trainClassicalModel(labelled, DESCRIPTORS, 5, quickSettings);
const unseen = syntheticFeatures(120, seeded(99, 'features'));
const truth = { pK: syntheticLabels(unseen, seeded(99, 'labels')), relations: Array.from({ length: 120 }, () => '=' as const) };

/** The model with a head whose residual is not zero. */
function hybridModel() {
  const shape = { qubits: 5, layers: 2, entangler: 'ring', latentSize: 4, features: quickSettings.features } as const;
  const { u } = hiddenFeatures(model, selectFeatures(labelled.features, rowsOf(labelled, 'train')));
  const head = initialHead(shape, u, seeded(3));
  headViews(shape, head.flat).scale[0] = 0.4;
  return withHybrid(model, { backbone: model.classical.map((weight) => weight * 1.001), head });
}

describe('trainClassicalModel', () => {
  test('predicts unseen compounds far better than the mean and the nearest neighbour', () => {
    const { classicalPk, nearestIndex } = prepareScorer(model).score(unseen);
    const error = rootMeanSquareError(classicalPk, truth);
    const trainMean = labelled.pK.reduce((a, b) => a + b) / labelled.pK.length;
    const neighbour = Float64Array.from(nearestIndex, (index) => labelled.pK[index]!);
    expect(error).toBeLessThan(
      0.85 *
        rootMeanSquareError(
          truth.pK.map(() => trainMean),
          truth,
        ),
    );
    expect(error).toBeLessThan(0.75 * rootMeanSquareError(neighbour, truth));
  });

  test('learns nothing from shuffled labels', () => {
    const shuffled = { ...labelled, pK: Float64Array.from(seeded(8).shuffled([...labelled.pK])) };
    const { classicalPk } = prepareScorer(trainClassicalModel(shuffled, DESCRIPTORS, 5, quickSettings)).score(unseen);
    const mean = labelled.pK.reduce((a, b) => a + b) / labelled.pK.length;
    // The mean's error has a standard error of about 7 % at 120 compounds.
    expect(rootMeanSquareError(classicalPk, truth)).toBeGreaterThan(
      0.93 *
        rootMeanSquareError(
          truth.pK.map(() => mean),
          truth,
        ),
    );
  });

  test('scales by its own training compounds when two models share a table', () => {
    const turned = {
      ...labelled,
      splits: labelled.splits.map((split) => (split === 'train' ? 'calibration' : split === 'calibration' ? 'train' : split)),
    };
    const other = trainClassicalModel(turned, DESCRIPTORS, 5, { ...quickSettings, maximumEpochs: 1 });
    const [a, b] = [labelledInputs(model), labelledInputs(other)];
    expect(a.descriptors.values[0]).not.toBe(b.descriptors.values[0]);
    expect(labelledInputs(model)).toBe(a);
  });

  test('gives the same weights for the same seed and other ones for another', () => {
    const again = trainClassicalModel(labelled, DESCRIPTORS, 5, { ...quickSettings, maximumEpochs: 2 });
    const same = trainClassicalModel(labelled, DESCRIPTORS, 5, { ...quickSettings, maximumEpochs: 2 });
    const other = trainClassicalModel(labelled, DESCRIPTORS, 6, { ...quickSettings, maximumEpochs: 2 });
    expect(again.classical.every((weight, i) => weight === same.classical[i])).toBe(true);
    expect(again.classical.every((weight, i) => weight === other.classical[i])).toBe(false);
  });

  test('keeps the weights of the best validation epoch', () => {
    const { bestEpoch, validationRmsePk, epochs } = model.classicalTraining;
    expect(validationRmsePk).toHaveLength(epochs);
    expect(validationRmsePk[bestEpoch - 1]).toBe(Math.min(...validationRmsePk));
    const rows = rowsOf(labelled, 'validation');
    const { y } = hiddenFeatures(model, selectFeatures(labelled.features, rows));
    expect(rootMeanSquareError(y, pickLabels(labelled, rows))).toBeCloseTo(validationRmsePk[bestEpoch - 1]!, 12);
  });

  test('refuses too few labels, and parts of different lengths', () => {
    const few = { ...labelled, splits: labelled.splits.map(() => 'calibration' as const) };
    expect(() => trainClassicalModel(few, DESCRIPTORS, 5, quickSettings)).toThrow(
      /10 training labels and 1 for validation, found 0 and 0/,
    );
    expect(() => labelledCompounds({ ...labelled, pK: new Float64Array(3) })).toThrow(/420 labelled compounds but 3 pK/);
  });
});

describe('prepareScorer', () => {
  test('covers about nine in ten unseen labels with its intervals', () => {
    const { classicalPk, halfWidthPk: width } = prepareScorer(model).score(unseen);
    const covered = truth.pK.filter((value, i) => Math.abs(value - classicalPk[i]!) <= width[i]!).length / 120;
    // 120 compounds and a calibration split of about 126: a standard error of 4 %.
    expect(covered).toBeGreaterThan(0.78);
  });

  test('repeats the classical score without a head, and scores both with one', () => {
    const plain = prepareScorer(model).score(unseen);
    expect([...plain.hybridPk]).toEqual([...plain.classicalPk]);
    const both = prepareScorer(hybridModel()).score(unseen);
    expect([...both.classicalPk]).toEqual([...plain.classicalPk]);
    expect(both.hybridPk.some((value, i) => Math.abs(value - plain.classicalPk[i]!) > 0.01)).toBe(true);
  });

  test('finds a labelled compound as its own neighbour, and marks strangers', () => {
    const known = prepareScorer(model).score(selectFeatures(labelled.features, [7, 300]));
    expect([...known.nearestIndex]).toEqual([7, 300]);
    expect([...known.nearestSimilarity]).toEqual([1, 1]);
    expect(known.outOfDomain[0]).toBe(0);
    const stranger = { ...selectFeatures(labelled.features, [0]), fingerprints: new Uint8Array(256) };
    const alone = prepareScorer(model).score(stranger);
    expect(alone.outOfDomain[0]).toBe(1);
    expect(alone.halfWidthPk[0]).toBe(halfWidthPk(model.calibration.classical, 0));
  });

  test('scores an empty shard', () => {
    const empty = { count: 0, descriptors: new Float64Array(0), fingerprints: new Uint8Array(0) };
    expect(prepareScorer(hybridModel()).score(empty).hybridPk).toHaveLength(0);
  });
});

describe('model files', () => {
  test('are read back exactly, with and without a head', () => {
    for (const one of [model, hybridModel()]) {
      const { header, tensors } = writeModel(one);
      const bytes = encodeTensors(header, tensors);
      const back = readModel(decodeTensors(bytes));
      const again = writeModel(back);
      expect(Buffer.compare(encodeTensors(again.header, again.tensors), bytes)).toBe(0);
      expect([...prepareScorer(back).score(unseen).hybridPk]).toEqual([...prepareScorer(one).score(unseen).hybridPk]);
    }
  });

  test('name the first thing out of place', () => {
    const { header, tensors } = writeModel(model);
    expect(() => readModel({ header: { ...header, seed: -1 }, tensors })).toThrow(/affinity-model\/1: seed/);
    expect(() => readModel({ header, tensors: { ...tensors, classical: { shape: [1], data: Float64Array.of(1) } } })).toThrow(
      /tensor classical: wanted \d+ f64 values, found 1 of Float64Array/,
    );
  });
});
