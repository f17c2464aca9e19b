/** The one cloud of a test process, and the runs in it that several suites look at. */
import { gzipSync } from 'node:zlib';
import { DEFAULT_DEVICES } from '../../local-sim/braket/devices.ts';
import { assayCsv, campaignJson, type FinishedRun, type InputCloud, startInputCloud } from './input-cloud.ts';
import { goodCompounds, mixedAssay, mixedAssayColumns, mixedLibrary, mixedTitle } from './input-mixed.ts';

/** A device of the manifest that this cloud has retired. */
export const RETIRED_DEVICE = 'arn:aws:braket:::device/quantum-simulator/amazon/dm1';

let cloud: Promise<InputCloud> | undefined;
let mixed: Promise<FinishedRun> | undefined;
let sparse: Promise<FinishedRun> | undefined;

export function sharedCloud(): Promise<InputCloud> {
  const devices = DEFAULT_DEVICES.map((one) => (one.arn === RETIRED_DEVICE ? { ...one, status: 'RETIRED' as const } : one));
  cloud ??= startInputCloud({ braket: { devices } });
  return cloud;
}

export async function stopSharedCloud(): Promise<void> {
  await (await cloud)?.stop();
}

/** A library with every kind of bad row, scored by a model of an assay with every kind of odd row. */
export function mixedRun(): Promise<FinishedRun> {
  mixed ??= sharedCloud().then((input) =>
    input.screen('mixed', {
      'campaign.json': campaignJson('mixed', {
        title: mixedTitle,
        assay: mixedAssayColumns,
        quantum: { topFraction: 0.05, refineSteps: 1, trainSteps: 5 },
      }),
      'assay.csv': mixedAssay,
      'libraries/mixed.csv': mixedLibrary,
    }),
  );
  return mixed;
}

export const SPARSE_LABELS = 40;

/** Too few labels for a head, a truth that was never uploaded, and a library in UTF-16 with semicolons, gzipped. */
export function sparseRun(): Promise<FinishedRun> {
  const lines = goodCompounds.map(({ smiles }, i) => `\u03b1-${i + 1};${smiles};gr\u00f6\u00dfer`);
  const table = ['\ufeffid;smiles;remark', ...lines, ''].join('\r\n');
  sparse ??= sharedCloud().then((input) =>
    input.screen('sparse', {
      'campaign.json': campaignJson('sparse', { truth: { file: 'labels.csv', idColumn: 'id', valueColumn: 'pIC50' } }),
      'assay.csv': assayCsv(SPARSE_LABELS),
      'libraries/a.csv.gz': gzipSync(Buffer.from(table, 'utf16le')),
    }),
  );
  return sparse;
}
