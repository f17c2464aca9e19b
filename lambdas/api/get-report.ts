import { GetObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { routes } from '../../core/contracts/api.ts';
import { RunOutcomeRecord } from '../../core/contracts/artifacts.ts';
import { place } from '../../core/contracts/places.ts';
import { s3Client } from '../shared/clients.ts';
import { route } from '../shared/route.ts';
import { absent } from '../shared/runs.ts';

const VALID_SECONDS = 3600;

/** `GET /runs/{runId}/report`: addresses of the report, the tables and the manifest, good for an hour. */
export const handler = route(routes.GetReport, async ({ parameters: { runId } }, { artifacts, config, nowMs }) => {
  const outcome = await artifacts.find(place.outcome(runId), RunOutcomeRecord);
  if (outcome === null) throw await absent(runId, 'report');
  const expiresAt = new Date(nowMs() + VALID_SECONDS * 1000).toISOString();
  const link = async (key: string) => ({
    url: await getSignedUrl(s3Client(), new GetObjectCommand({ Bucket: config.DATA_BUCKET, Key: key }), {
      expiresIn: VALID_SECONDS,
    }),
    expiresAt,
  });
  const linkIfThere = async (key: string) => ((await artifacts.exists(key)) ? await link(key) : null);
  const [report, ranking, structures, manifest] = await Promise.all([
    link(place.report(runId)),
    linkIfThere(place.rankedCsv(runId)),
    linkIfThere(place.rankedSdf(runId)),
    link(place.manifest(runId)),
  ]);
  return { outcome: outcome.outcome, report, ranking, structures, manifest };
});
