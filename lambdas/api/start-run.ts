import { HeadObjectCommand, S3ServiceException } from '@aws-sdk/client-s3';
import { routes } from '../../core/contracts/api.ts';
import { InvalidRequest, UnknownCampaign } from '../../core/contracts/errors.ts';
import { campaignKey, uri } from '../../core/contracts/places.ts';
import { s3Client } from '../shared/clients.ts';
import { route } from '../shared/route.ts';
import { runIdOf, startDiscover } from '../shared/runs.ts';

/** `POST /runs`: a run on a library that was uploaded before. Equal tokens, or equal requests without one, start one run. */
export const handler = route(
  routes.StartRun,
  async ({ body: { campaign, library, options, clientToken } }, { artifacts, config }) => {
    if (!(await artifacts.exists(campaignKey(campaign, 'campaign.json')))) {
      throw new UnknownCampaign(`there is no campaign ${campaign}: wanted campaigns/${campaign}/campaign.json`);
    }
    const key = campaignKey(campaign, library);
    let versionId: string;
    try {
      versionId = (await s3Client().send(new HeadObjectCommand({ Bucket: config.DATA_BUCKET, Key: key }))).VersionId ?? 'null';
    } catch (error) {
      if (!(error instanceof S3ServiceException) || error.$metadata.httpStatusCode !== 404) throw error;
      throw new InvalidRequest(`the library ${library} was not found in campaign ${campaign}`);
    }
    const libraryUri = uri(config.DATA_BUCKET, key);
    const runId = runIdOf(campaign, libraryUri, versionId, clientToken ?? JSON.stringify(options));
    await startDiscover(runId, { campaign, libraryUri, libraryVersionId: versionId, options });
    return { runId };
  },
);
