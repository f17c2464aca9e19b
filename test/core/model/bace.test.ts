import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { labelledCompounds, prepareScorer, trainClassicalModel } from '../../../core/model/affinity-model.ts';
import type { FeatureTable } from '../../../core/model/features.ts';
import { describeMolecule, descriptorNames } from '../../../core/molecule/descriptors.ts';
import { morganFingerprint } from '../../../core/molecule/fingerprint.ts';
import { graphFromCanonicalSmiles } from '../../../core/molecule/graph.ts';
import { scaffoldSplit, scaffoldText } from '../../../core/molecule/scaffold.ts';

const folder = new URL('../../../examples/bace/', import.meta.url);

/** Rows of a table without quoted fields. */
function table(text: string): Record<string, string>[] {
  const [head, ...lines] = text.trim().split('\n');
  const names = head!.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, i) => [names[i]!, value])));
}

function featuresOf(smiles: readonly string[]): { features: FeatureTable; scaffolds: string[] } {
  const width = descriptorNames.length;
  const features = {
    count: smiles.length,
    descriptors: new Float64Array(smiles.length * width),
    fingerprints: new Uint8Array(smiles.length * 256),
  };
  const scaffolds = smiles.map((text, i) => {
    const graph = graphFromCanonicalSmiles(text);
    features.descriptors.set(describeMolecule(graph), i * width);
    features.fingerprints.set(morganFingerprint(graph), i * 256);
    return scaffoldText(graph);
  });
  return { features, scaffolds };
}

/** Kendall's tau over pairs with different labels. */
function tau(predicted: Float64Array, truth: Float64Array): number {
  let balance = 0;
  let pairs = 0;
  for (let i = 0; i < truth.length; i++) {
    for (let j = 0; j < i; j++) {
      if (truth[i] === truth[j]) continue;
      balance += Math.sign((predicted[i]! - predicted[j]!) * (truth[i]! - truth[j]!));
      pairs++;
    }
  }
  return balance / pairs;
}

function rmse(predicted: Float64Array, truth: Float64Array): number {
  return Math.sqrt(predicted.reduce((sum, value, i) => sum + (value - truth[i]!) ** 2, 0) / truth.length);
}

describe('the classical model on BACE-1', () => {
  const assay = table(readFileSync(new URL('assay.csv', folder), 'utf8'));
  const { features, scaffolds } = featuresOf(assay.map((row) => row['smiles']!));
  const labelled = labelledCompounds({
    ids: assay.map((row) => row['id']!),
    pK: Float64Array.from(assay, (row) => Number(row['pIC50'])),
    relations: assay.map(() => '=' as const),
    splits: scaffoldSplit(scaffolds, { train: 0.7, validation: 0.15, test: 0.15 }).map((split) =>
      split === 'test' ? 'calibration' : split,
    ),
    features,
  });
  const library = table(gunzipSync(readFileSync(new URL('libraries/bace-screen.csv.gz', folder))).toString());
  const smilesById = new Map(library.map((row) => [row['id']!, row['smiles']!]));
  const measured = table(readFileSync(new URL('truth/labels.csv', folder), 'utf8')).filter((row) => row['pIC50'] !== '');
  const truth = Float64Array.from(measured, (row) => Number(row['pIC50']));
  const unseen = featuresOf(measured.map((row) => smilesById.get(row['id']!)!)).features;

  test('ranks 152 compounds of unseen scaffolds clearly better than their nearest neighbours do', () => {
    const model = trainClassicalModel(labelled, descriptorNames, 20261123);
    const { classicalPk, nearestIndex, halfWidthPk } = prepareScorer(model).score(unseen);
    const neighbour = Float64Array.from(nearestIndex, (index) => labelled.pK[index]!);
    expect(truth).toHaveLength(152);
    // Over seeds 1 to 3 the error was 1.02 to 1.12 against 1.18 of the neighbours, and tau 0.58 to 0.60 against 0.54.
    expect(rmse(classicalPk, truth)).toBeLessThan(0.97 * rmse(neighbour, truth));
    expect(tau(classicalPk, truth)).toBeGreaterThan(tau(neighbour, truth) + 0.02);
    const covered = truth.filter((value, i) => Math.abs(value - classicalPk[i]!) <= halfWidthPk[i]!).length / 152;
    // Test scaffolds are stranger than calibration scaffolds, so the nominal 90 % is not reached.
    expect(covered).toBeGreaterThan(0.75);
  });
});
