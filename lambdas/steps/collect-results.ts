import { createHash } from 'node:crypto';
import { OpenToken } from '../../core/contracts/artifacts.ts';
import { QuantumTaskLost } from '../../core/contracts/errors.ts';
import { parseUri, place, uri } from '../../core/contracts/places.ts';
import { CollectResults } from '../../core/contracts/steps.ts';
import { decodeTensors } from '../../core/contracts/tensors.ts';
import { CircuitsHeader, readCircuits, writeResults } from '../../core/problems/circuit-files.ts';
import type { ResultFiles } from '../../core/problems/collect.ts';
import { collectBatch } from '../../core/problems/collect.ts';
import { compileBatch } from '../../core/problems/programs.ts';
import type { ArtifactStore } from '../shared/artifacts.ts';
import { createArtifactStore } from '../shared/artifacts.ts';
import { s3Client } from '../shared/clients.ts';
import { mapLimited } from '../shared/concurrency.ts';
import { deviceRegion, resultsBucket } from '../shared/devices.ts';
import { step } from '../shared/step.ts';

const READS_AT_ONCE = 16;

/** Every JSON object that a task left below its output prefix, by path. */
async function filesOf(results: ArtifactStore, folder: string, isSet: boolean): Promise<ResultFiles> {
  const paths = isSet ? (await results.list(folder)).map((key) => key.slice(folder.length)) : ['results.json'];
  const texts = await mapLimited(paths, READS_AT_ONCE, async (path) =>
    new TextDecoder().decode(await results.readBytes(`${folder}${path}`)),
  );
  return Object.fromEntries(paths.map((path, i) => [path, JSON.parse(texts[i]!)])) as ResultFiles;
}

/** State `CollectResults`: the tasks' files in S3 become mean values with errors and gradients, recomputed from counts by us. */
export const handler = step(CollectResults, async ({ runId, circuitsUri, device, tokenKey }, { artifacts }) => {
  const bytes = await artifacts.readBytes(parseUri(circuitsUri).key);
  const { header, tensors } = decodeTensors(bytes);
  const { batch, target } = readCircuits({ header: CircuitsHeader.parse(header), tensors });
  const compiled = compileBatch(batch, target);
  // The open one first: whoever answers the token closes it a moment later, by writing the closed one and then deleting the open one.
  const token =
    (await artifacts.find(place.openToken(runId, tokenKey), OpenToken)) ??
    (await artifacts.find(place.closedToken(runId, tokenKey), OpenToken));
  if (token === null || token.taskArns.length !== compiled.tasks.length) {
    throw new QuantumTaskLost(
      `${compiled.tasks.length} quantum tasks were wanted under token ${tokenKey}, ${token?.taskArns.length ?? 0} are known`,
    );
  }
  const results = createArtifactStore(s3Client(deviceRegion(device)), resultsBucket(device));
  const files = await mapLimited(token.taskArns, READS_AT_ONCE, (arn, index) =>
    filesOf(results, `${place.taskPrefix(runId, tokenKey, index)}/${arn.split('/').at(-1)}/`, target.kind === 'program-set'),
  );
  const key = place.results(runId, tokenKey);
  const facts = {
    circuits: createHash('sha256').update(bytes).digest('hex'),
    tasks: compiled.tasks.length,
    circuitsRun: compiled.tasks.reduce((sum, task) => sum + task.circuits.length, 0),
    shots: compiled.tasks.reduce((sum, task) => sum + task.shots, 0),
  };
  await artifacts.writeTensors(key, writeResults(collectBatch(batch, compiled, files), facts));
  return { resultsUri: uri(artifacts.bucket, key) };
});
