/** The environment variables of a job's process. */
import type { CloudContext } from '../service.ts';
import type { Job, LocalImage } from './model.ts';

export interface JobCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** Of the parent's environment, what a program needs to start; credentials of the person at the keyboard stay out. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TZ', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];

/** Later ones win: inherited, the image's, the job's, then where the cloud is and who the job is. */
export function jobEnvironment(
  context: CloudContext,
  credentials: JobCredentials | undefined,
  job: Job,
  attempt: number,
  image: LocalImage,
): Record<string, string> {
  return {
    ...pick(process.env, INHERITED),
    ...image.environment,
    ...Object.fromEntries(job.environment.map(({ name, value }) => [name, value])),
    ...awsEnvironment(context, credentials),
    ...batchEnvironment(job, attempt),
  };
}

function pick(environment: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])));
}

function awsEnvironment(context: CloudContext, credentials: JobCredentials | undefined): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: context.endpoint(),
    AWS_REGION: context.region,
    AWS_DEFAULT_REGION: context.region,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...(credentials ? { AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey } : {}),
    ...(credentials?.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
  };
}

function batchEnvironment(job: Job, attempt: number): Record<string, string> {
  return {
    AWS_BATCH_JOB_ID: job.id,
    AWS_BATCH_JOB_ATTEMPT: String(attempt),
    AWS_BATCH_JQ_NAME: job.queueArn.split('/')[1] ?? '',
    AWS_BATCH_CE_NAME: 'local',
    ...(job.arrayIndex === undefined
      ? {}
      : { AWS_BATCH_JOB_ARRAY_INDEX: String(job.arrayIndex), AWS_BATCH_JOB_ARRAY_SIZE: String(job.arraySize) }),
  };
}
