/** Where everything lies in the bucket. One function a place; nobody else spells a key. */
const pad = (index: number) => String(index).padStart(5, '0');

export const campaignKey = (campaign: string, file: string) => `campaigns/${campaign}/${file}`;
/** Labels of a retrospective screen lie apart, where only WriteReport may read. */
export const truthKey = (campaign: string, file: string) => `truth/${campaign}/${file}`;

const LIBRARY_KEY = /^campaigns\/([a-z0-9][a-z0-9-]{0,39})\/libraries\/[^/]+\.(smi|csv|sdf)(\.gz)?$/;

/** The campaign a library's key belongs to; null for any other key. */
export function campaignOfLibraryKey(key: string): string | null {
  return LIBRARY_KEY.exec(key)?.[1] ?? null;
}

export const runPrefix = (runId: string) => `runs/${runId}/`;
const inRun = (runId: string, path: string) => `${runPrefix(runId)}${path}`;

export const place = {
  run: (runId: string) => inRun(runId, 'run.json'),
  plan: (runId: string) => inRun(runId, 'plan.json'),
  shards: (runId: string) => inRun(runId, 'shards.json'),
  shardFile: (runId: string, index: number, extension: string) => inRun(runId, `shards/${pad(index)}.${extension}`),
  splitRejected: (runId: string) => inRun(runId, 'shards/rejected.json'),
  encoded: (runId: string, index: number) => inRun(runId, `encoded/${pad(index)}.bin`),
  encodedPrefix: (runId: string) => inRun(runId, 'encoded/'),
  keys: (runId: string, prefix: string, index: number) => inRun(runId, `keys/${prefix}/${pad(index)}.json`),
  keysPrefix: (runId: string, prefix: string) => inRun(runId, `keys/${prefix}/`),
  duplicates: (runId: string, prefix: string) => inRun(runId, `duplicates/${prefix}.json`),
  duplicatesPrefix: (runId: string) => inRun(runId, 'duplicates/'),
  labelled: (runId: string) => inRun(runId, 'labelled.bin'),
  model: (runId: string) => inRun(runId, 'model/classical.bin'),
  /** One file a round of ask and tell; a step is several rounds. */
  state: (runId: string, stage: string, iteration: number, phase: string) =>
    inRun(runId, `optimize/${stage}/state-${pad(iteration)}-${phase}.bin`),
  statePrefix: (runId: string, stage: string) => inRun(runId, `optimize/${stage}/state-`),
  circuits: (runId: string, stage: string, iteration: number, phase: string) =>
    inRun(runId, `optimize/${stage}/circuits-${pad(iteration)}-${phase}.bin`),
  circuitsPrefix: (runId: string, stage: string) => inRun(runId, `optimize/${stage}/circuits-`),
  results: (runId: string, key: string) => inRun(runId, `optimize/results/${key}.bin`),
  scored: (runId: string, index: number) => inRun(runId, `scored/${pad(index)}.bin`),
  scoredPrefix: (runId: string) => inRun(runId, 'scored/'),
  decision: (runId: string) => inRun(runId, 'decision.json'),
  ranking: (runId: string) => inRun(runId, 'ranking.json'),
  audit: (runId: string) => inRun(runId, 'audit.json'),
  dynamicsJob: (runId: string) => inRun(runId, 'dynamics/job.json'),
  dynamicsOutput: (runId: string) => inRun(runId, 'dynamics/output/'),
  dynamicsFacts: (runId: string) => inRun(runId, 'dynamics/facts.json'),
  money: (runId: string) => inRun(runId, 'money.json'),
  progress: (runId: string, stage: string) => inRun(runId, `progress/${stage}.json`),
  progressPrefix: (runId: string) => inRun(runId, 'progress/'),
  outcome: (runId: string) => inRun(runId, 'outcome.json'),
  report: (runId: string) => inRun(runId, 'report.html'),
  rankedCsv: (runId: string) => inRun(runId, 'ranked.csv'),
  rankedSdf: (runId: string) => inRun(runId, 'ranked.sdf'),
  facts: (runId: string) => inRun(runId, 'report.json'),
  manifest: (runId: string) => inRun(runId, 'manifest.json'),
  ledger: () => 'ledger/account.json',
  /** Output prefix of a batch of circuits in the bucket of results; the token is found from it. */
  taskPrefix: (runId: string, key: string, index: number) => `runs/${runId}/tasks/${key}/${pad(index)}`,
  openToken: (runId: string, key: string) => `tokens/open/${runId}/${key}.json`,
  openTokens: () => 'tokens/open/',
  closedToken: (runId: string, key: string) => `tokens/closed/${runId}/${key}.json`,
  taskDone: (runId: string, key: string, index: number) => `tokens/done/${runId}/${key}/${pad(index)}.json`,
  taskDonePrefix: (runId: string, key: string) => `tokens/done/${runId}/${key}/`,
} as const;

export function uri(bucket: string, key: string): string {
  return `s3://${bucket}/${key}`;
}

/** Splits `s3://bucket/key`. */
export function parseUri(text: string): { bucket: string; key: string } {
  const match = /^s3:\/\/([^/]+)\/(.+)$/.exec(text);
  if (match === null) throw new RangeError(`wanted s3://bucket/key, found ${JSON.stringify(text)}`);
  return { bucket: match[1]!, key: match[2]! };
}
