import { z } from 'zod';
import { campaignOfLibraryKey, uri } from '../../core/contracts/places.ts';
import { event } from '../shared/event.ts';
import { runIdOf, startDiscover } from '../shared/runs.ts';

const ObjectCreated = z.object({
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({ key: z.string(), 'version-id': z.string().optional(), etag: z.string().optional() }),
  }),
});

/**
 * A library landed: starts a run named by the campaign and the object's version, so that a repeated or late event starts nothing new.
 */
export const handler = event('LibraryUploaded', ObjectCreated, async ({ detail: { bucket, object } }, { telemetry }) => {
  const campaign = campaignOfLibraryKey(object.key);
  if (campaign === null) {
    telemetry.info('not a library', { bucket: bucket.name });
    return;
  }
  const versionId = object['version-id'] ?? object.etag ?? 'null';
  const libraryUri = uri(bucket.name, object.key);
  const options = {};
  const runId = runIdOf(campaign, libraryUri, versionId, JSON.stringify(options));
  const result = await startDiscover(runId, { campaign, libraryUri, libraryVersionId: versionId, options });
  telemetry.info('library uploaded', { runId, result });
});
