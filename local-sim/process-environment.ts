/** What the process of a job finds in its environment besides the job's own variables: how to start, and where the cloud is. */
import { join } from 'node:path';
import type { CloudContext } from './service.ts';

export interface JobCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** Of the parent's environment, what a program needs to start; credentials of the person at the keyboard stay out. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TZ', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];

export function inheritedEnvironment(): Record<string, string> {
  return Object.fromEntries(INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}

/** Where AWS calls of the process go, and what signs them. */
export function awsEnvironment(
  context: Pick<CloudContext, 'endpoint' | 'region' | 'stateDir'>,
  credentials: JobCredentials | undefined,
  region: string = context.region,
): Record<string, string> {
  // The person's own AWS settings are none of a job's business: it is pointed at files that do not exist.
  const nowhere = join(context.stateDir, 'no-aws-config');
  return {
    AWS_CONFIG_FILE: nowhere,
    AWS_SHARED_CREDENTIALS_FILE: nowhere,
    AWS_ENDPOINT_URL: context.endpoint(),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...(credentials ? { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey } : {}),
    ...(credentials?.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
  };
}
