import { PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { routes } from '../../core/contracts/api.ts';
import { campaignKey, truthKey, uri } from '../../core/contracts/places.ts';
import { s3Client } from '../shared/clients.ts';
import { route } from '../shared/route.ts';

const VALID_SECONDS = 3600;
const TRUTH_FOLDER = 'truth/';

/** `POST /uploads`: an address to which one file of a campaign can be put. */
export const handler = route(routes.CreateUpload, async ({ body: { campaign, path } }, { config, nowMs }) => {
  const key = path.startsWith(TRUTH_FOLDER) ? truthKey(campaign, path.slice(TRUTH_FOLDER.length)) : campaignKey(campaign, path);
  const url = await getSignedUrl(s3Client(), new PutObjectCommand({ Bucket: config.DATA_BUCKET, Key: key }), {
    expiresIn: VALID_SECONDS,
  });
  return {
    url,
    method: 'PUT' as const,
    expiresAt: new Date(nowMs() + VALID_SECONDS * 1000).toISOString(),
    uri: uri(config.DATA_BUCKET, key),
  };
});
