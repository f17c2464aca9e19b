import { createHash } from 'node:crypto';
import type { RejectedRow, Shard } from '../../core/contracts/artifacts.ts';
import { CostPlan, RejectedRows, RunRecord, ShardList } from '../../core/contracts/artifacts.ts';
import { Campaign } from '../../core/contracts/campaign.ts';
import {
  ArtifactInvalid,
  ArtifactMissing,
  DeviceOffline,
  InvalidAssay,
  InvalidCampaign,
  InvalidLibrary,
  MissingStructure,
  UnknownCampaign,
} from '../../core/contracts/errors.ts';
import { campaignKey, parseUri, place, uri } from '../../core/contracts/places.ts';
import { PrepareRun } from '../../core/contracts/steps.ts';
import { checkBudget, planCost } from '../../core/guards/index.ts';
import { createLibraryReader } from '../../core/molecule/library.ts';
import { createRecordSplitter, isBlank } from '../../core/molecule/records.ts';
import type { SplitOutput } from '../../core/molecule/shards.ts';
import { createShardSplitter } from '../../core/molecule/shards.ts';
import { circuitsPerTask } from '../../core/problems/programs.ts';
import type { ArtifactStore } from '../shared/artifacts.ts';
import { resolveTarget } from '../shared/devices.ts';
import { libraryFormat, readLibrary } from '../shared/library-file.ts';
import { reportProgress } from '../shared/progress.ts';
import { step } from '../shared/step.ts';

/** A thousand compounds are encoded in about a second: short enough to lose, long enough to be worth an invocation. */
const SHARD_ROWS = 1000;
const SHARD_BYTES = 4 << 20;
/** From this many rows on duplicates are merged in sixteen parts. */
const ROWS_FOR_PREFIXES = 200_000;

async function readCampaign(artifacts: ArtifactStore, name: string): Promise<Campaign> {
  const key = campaignKey(name, 'campaign.json');
  let campaign: Campaign;
  try {
    campaign = await artifacts.read(key, Campaign);
  } catch (error) {
    if (error instanceof ArtifactMissing) throw new UnknownCampaign(`there is no campaign ${name}: wanted ${key}`);
    if (error instanceof ArtifactInvalid) throw new InvalidCampaign(error.message);
    throw error;
  }
  if (campaign.name !== name) throw new InvalidCampaign(`${key}: name: wanted ${name}, the folder's, found ${campaign.name}`);
  return campaign;
}

/** Every file the campaign names must be there before anything is computed. */
async function hashInputs(
  artifacts: ArtifactStore,
  campaign: Campaign,
): Promise<{ hashes: Record<string, string>; assay: Uint8Array }> {
  const hashes: Record<string, string> = {};
  const read = async (file: string, missing: (message: string) => Error) => {
    try {
      const bytes = await artifacts.readBytes(campaignKey(campaign.name, file));
      hashes[file] = createHash('sha256').update(bytes).digest('hex');
      return bytes;
    } catch (error) {
      if (error instanceof ArtifactMissing) throw missing(`campaign ${campaign.name} names ${file}, which was not uploaded`);
      throw error;
    }
  };
  await read('campaign.json', (message) => new UnknownCampaign(message));
  const assay = await read(campaign.assay.file, (message) => new InvalidAssay(message));
  for (const file of campaign.structure === undefined ? [] : [campaign.structure.protein, campaign.structure.referenceLigand]) {
    await read(file, (message) => new MissingStructure(message));
  }
  return { hashes, assay };
}

/** The uploaded version of the library, which may have been deleted since its event was sent. */
async function openLibrary(
  artifacts: ArtifactStore,
  key: string,
  versionId: string | undefined,
): Promise<AsyncIterable<Uint8Array>> {
  try {
    return await artifacts.stream(key, versionId);
  } catch (error) {
    if (!(error instanceof ArtifactMissing)) throw error;
    throw new InvalidLibrary(`${key}: the version of the library that was uploaded is gone; upload it again`);
  }
}

/** Data rows of the assay, for the plan; what is in them is looked at by PrepareAssay. */
function countRows(file: string, table: Uint8Array): number {
  const splitter = createRecordSplitter('csv');
  try {
    const records = [...splitter.push(table), ...splitter.end()].filter(({ bytes }) => !isBlank(bytes));
    return Math.max(0, records.length - 1);
  } catch (error) {
    if (error instanceof InvalidLibrary) throw new InvalidAssay(`${file}: ${error.message}`);
    throw error;
  }
}

/** A retired or unknown device ends the run here; one that is offline just now may be back when it is wanted. */
async function checkDevices({ quantum }: Campaign): Promise<number> {
  let perTask = 1;
  for (const device of new Set([quantum.trainDevice, quantum.refineDevice])) {
    if (device === 'lambda') continue;
    try {
      const target = await resolveTarget(device, quantum.shots);
      if (device === quantum.refineDevice) perTask = circuitsPerTask(target);
    } catch (error) {
      if (!(error instanceof DeviceOffline)) throw error;
    }
  }
  return perTask;
}

/** State `PrepareRun`: checks the campaign, cuts the library into shards as it streams by, and prices the run. */
export const handler = step(PrepareRun, async (input, { artifacts, telemetry, config, nowMs }) => {
  const { runId } = input;
  const campaign = await readCampaign(artifacts, input.campaign);
  if (
    campaign.task === 'affinity' &&
    (input.options.dynamicsTier ?? campaign.dynamics.tier) !== 'none' &&
    campaign.structure === undefined
  ) {
    throw new MissingStructure(
      'dynamics wants a structure: name structure.protein and structure.referenceLigand, or set dynamics.tier to none',
    );
  }
  const { hashes, assay } = await hashInputs(artifacts, campaign);
  const perTask = await checkDevices(campaign);

  const { key } = parseUri(input.libraryUri);
  const { format, gzip } = libraryFormat(key);
  const splitter = createShardSplitter({ format, maxBytes: SHARD_BYTES, maxRows: SHARD_ROWS });
  const shards: Shard[] = [];
  const rejected: RejectedRow[] = [];
  const keep = async ({ shards: ready, rejected: damaged }: SplitOutput) => {
    rejected.push(...damaged);
    for (const { index, bytes, rows, firstRow } of ready) {
      // A table without the wanted columns is refused as a whole, here, and not once for every shard.
      if (index === 0) createLibraryReader(format, campaign.library).push(bytes);
      const shardKey = place.shardFile(runId, index, format);
      await artifacts.writeBytes(shardKey, bytes, 'text/plain');
      shards.push({ index, uri: uri(artifacts.bucket, shardKey), rows, bytes: bytes.length, firstRow });
    }
  };
  const versionId = input.libraryVersionId === 'null' ? undefined : input.libraryVersionId;
  const library = await readLibrary(await openLibrary(artifacts, key, versionId), gzip, async (chunk) =>
    keep(splitter.push(chunk)),
  );
  await keep(splitter.end());
  const totalRows = splitter.rowCount();
  await artifacts.write(place.shards(runId), ShardList, shards);
  await artifacts.write(place.splitRejected(runId), RejectedRows, { schema: 'rejected-rows/1', rejected });
  await reportProgress(artifacts, runId, 'split', shards.length, shards.length, { rows: totalRows });

  // A retry must write the same record.
  const earlier = await artifacts.find(place.run(runId), RunRecord);
  await artifacts.write(place.run(runId), RunRecord, {
    schema: 'run/1',
    runId,
    campaignName: campaign.name,
    campaign,
    campaignUri: uri(artifacts.bucket, campaignKey(campaign.name, 'campaign.json')),
    library: { uri: input.libraryUri, versionId: input.libraryVersionId, bytes: library.bytes, format, gzip },
    inputs: { ...hashes, [key.split('/').at(-1)!]: library.sha256 },
    options: input.options,
    codeVersion: config.CODE_VERSION,
    seed: campaign.seed,
    createdAt: earlier?.createdAt ?? new Date(nowMs()).toISOString(),
  });

  const dynamicsTier = input.options.dynamicsTier ?? campaign.dynamics.tier;
  const plan = planCost({
    campaign,
    libraryRows: totalRows,
    labelledCount: countRows(campaign.assay.file, assay),
    dynamicsTier,
    budgetMicroUsd: input.options.budgetMicroUsd,
    circuitsPerTask: perTask,
  });
  await artifacts.write(place.plan(runId), CostPlan, plan);
  telemetry.info('prepared', { rows: totalRows, shards: shards.length, planMicroUsd: plan.totalMicroUsd });
  const planOnly = checkBudget(plan) === 'plan-only' || input.options.planOnly === true;
  return {
    decision: planOnly ? ('PLAN_ONLY' as const) : ('PROCEED' as const),
    shardsKey: place.shards(runId),
    shardCount: shards.length,
    prefixes: totalRows < ROWS_FOR_PREFIXES ? ['all'] : [...'0123456789abcdef'],
    innerSteps: campaign.quantum.innerSteps,
    maxQueueSeconds: Math.ceil(campaign.quantum.maxQueueHours * 3600),
    dynamicsTier,
  };
});
