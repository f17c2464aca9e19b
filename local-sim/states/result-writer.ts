/** What a Distributed Map leaves behind: the children's outputs, or files in S3 with a manifest. */
import type { ResultWriter } from './definition.ts';
import { StatesError } from './errors.ts';
import { isObject, type Json, type JsonObject } from './json.ts';
import type { Child, MapRun } from './map-run.ts';
import type { Visit } from './visit.ts';

/** A child that was never started because the run failed before its turn. */
export interface PendingChild {
  readonly input: string;
}

const failed = (cause: string) => new StatesError('States.ResultWriterFailed', cause);

function describeChild({ facts, end }: Child): JsonObject {
  const status = end?.status ?? 'ABORTED';
  return {
    ...(end?.cause === undefined ? {} : { Cause: end.cause }),
    ...(end?.error === undefined ? {} : { Error: end.error }),
    ExecutionArn: facts.arn,
    Input: facts.input,
    InputDetails: { Included: true },
    Name: facts.name,
    ...(end?.output === undefined ? {} : { Output: end.output, OutputDetails: { Included: true } }),
    RedriveCount: 0,
    RedriveStatus: 'NOT_REDRIVABLE',
    StartDate: new Date(facts.startMs).toISOString(),
    StateMachineArn: facts.stateMachineArn,
    Status: status,
    ...(end === undefined ? {} : { StopDate: new Date(end.ms).toISOString() }),
  };
}

const outputOf = (child: Child) => JSON.parse(child.end?.output ?? 'null') as Json;

/** Outputs of the children that succeeded, in order of their number. */
export function collectResults(run: MapRun, transformation: ResultWriter['transformation']): Json[] {
  const succeeded = [...run.children.values()]
    .filter((child) => child.end?.status === 'SUCCEEDED')
    .sort((a, b) => a.index - b.index);
  if (transformation === 'NONE') return succeeded.map(describeChild);
  const outputs = succeeded.map(outputOf);
  return transformation === 'FLATTEN' ? outputs.flatMap((output) => (Array.isArray(output) ? output : [output])) : outputs;
}

/** Writes result files and the manifest below `<Prefix>/<uuid of the map run>/`; returns the state's result. @throws StatesError States.ResultWriterFailed */
export async function writeResults(
  visit: Visit,
  writer: ResultWriter,
  run: MapRun,
  pending: readonly PendingChild[],
): Promise<Json> {
  const args = writer.arguments ? await visit.evaluate(writer.arguments, 'ResultWriter/Arguments') : {};
  const bucket = isObject(args) ? args['Bucket'] : undefined;
  if (!isObject(args) || typeof bucket !== 'string')
    throw failed(`ResultWriter/Arguments must have a Bucket, found ${JSON.stringify(args).slice(0, 200)}`);
  const prefix = typeof args['Prefix'] === 'string' ? args['Prefix'].replace(/\/+$/, '') : '';
  const folder = `${prefix === '' ? '' : `${prefix}/`}${run.facts.arn.split(':').at(-1)}`;
  const extension = writer.outputType === 'JSONL' ? 'jsonl' : 'json';
  const files = (kind: string, list: readonly Json[], type: 'JSON' | 'JSONL', ending: string) => {
    if (list.length === 0) return [];
    const body = type === 'JSONL' ? list.map((item) => `${JSON.stringify(item)}\n`).join('') : JSON.stringify(list);
    return [{ Key: `${folder}/${kind}_0.${ending}`, body }];
  };
  const children = [...run.children.values()].sort((a, b) => a.index - b.index);
  const unsuccessful = children.filter((child) => child.end?.status !== 'SUCCEEDED').map(describeChild);
  const waiting = pending.map(({ input }): Json => ({ Input: input, InputDetails: { Included: true }, Status: 'PENDING' }));
  const written: Record<string, { Key: string; Size: number }[]> = {};
  const put = async (key: string, body: string) => {
    try {
      await visit.execution.engine.call(
        's3',
        'PutObject',
        { Bucket: bucket, Key: key, Body: Buffer.from(body), ContentType: 'application/json' },
        visit.execution.facts.stateMachineArn,
      );
    } catch (error) {
      throw failed(`${bucket}/${key} cannot be written: ${(error as Error).name}: ${(error as Error).message}`);
    }
  };
  for (const [kind, list] of [
    ['FAILED', files('FAILED', unsuccessful, 'JSON', 'json')],
    ['PENDING', files('PENDING', waiting, 'JSON', 'json')],
    ['SUCCEEDED', files('SUCCEEDED', collectResults(run, writer.transformation), writer.outputType, extension)],
  ] as const) {
    written[kind] = [];
    for (const { Key, body } of list) {
      await put(Key, body);
      written[kind].push({ Key, Size: Buffer.byteLength(body) });
    }
  }
  const manifestKey = `${folder}/manifest.json`;
  await put(manifestKey, JSON.stringify({ DestinationBucket: bucket, MapRunArn: run.facts.arn, ResultFiles: written }));
  return { MapRunArn: run.facts.arn, ResultWriterDetails: { Bucket: bucket, Key: manifestKey } };
}
