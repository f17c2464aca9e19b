/** The environment variables of a job's process. */
import { awsEnvironment, inheritedEnvironment, type JobCredentials } from '../process-environment.ts';
import type { CloudContext } from '../service.ts';
import type { Job, LocalImage } from './model.ts';

/** Later ones win: inherited, the image's, the job's, then where the cloud is and who the job is. */
export function jobEnvironment(
  context: CloudContext,
  credentials: JobCredentials | undefined,
  job: Job,
  attempt: number,
  image: LocalImage,
): Record<string, string> {
  return {
    ...inheritedEnvironment(),
    ...image.environment,
    ...Object.fromEntries(job.environment.map(({ name, value }) => [name, value])),
    ...awsEnvironment(context, credentials),
    ...batchEnvironment(job, attempt),
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
