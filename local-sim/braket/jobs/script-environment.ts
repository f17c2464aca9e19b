/**
 * The environment variables of a job's script, named as in the container of the service; the paths are those of this machine.
 * source  amazon-braket-sdk 1.127 (jobs/local/local_job_container_setup.py, jobs/environment_variables.py, aws/aws_session.py)
 */
import { delimiter, dirname, isAbsolute } from 'node:path';
import { awsEnvironment, inheritedEnvironment, type JobCredentials } from '../../process-environment.ts';
import type { CloudContext } from '../../service.ts';
import type { HybridJob } from './model.ts';
import { keyBelow, parseS3Uri } from './s3-files.ts';
import type { WorkFolder } from './work-folder.ts';

/** Later ones win: inherited, the runner's own, where the cloud is, and what the job is. */
export function scriptEnvironment(
  context: CloudContext,
  credentials: JobCredentials | undefined,
  job: HybridJob,
  folder: WorkFolder,
  program: { executable: string; environment: Readonly<Record<string, string>> },
): Record<string, string> {
  const { bucket, key } = parseS3Uri(job.outputS3Path)!;
  const reservation = job.associations?.[0]?.arn;
  const inherited = inheritedEnvironment();
  return {
    ...inherited,
    // As in an environment that was activated: what lies beside this Python is found first.
    ...(isAbsolute(program.executable) ? { PATH: [dirname(program.executable), inherited['PATH'] ?? ''].join(delimiter) } : {}),
    PYTHONUNBUFFERED: '1',
    ...program.environment,
    ...awsEnvironment(context, credentials, job.region),
    AMZN_BRAKET_JOB_NAME: job.name,
    AMZN_BRAKET_JOB_TOKEN: job.jobToken,
    AMZN_BRAKET_DEVICE_ARN: job.deviceArn,
    AMZN_BRAKET_JOB_RESULTS_DIR: folder.model,
    AMZN_BRAKET_CHECKPOINT_DIR: folder.checkpoints,
    AMZN_BRAKET_OUT_S3_BUCKET: bucket,
    AMZN_BRAKET_TASK_RESULTS_S3_URI: `s3://${bucket}/jobs/${job.name}/tasks`,
    AMZN_BRAKET_JOB_RESULTS_S3_PATH: keyBelow(key, 'output'),
    ...(job.hyperParameters ? { AMZN_BRAKET_HP_FILE: folder.hyperParameters } : {}),
    ...(job.inputs.length > 0 ? { AMZN_BRAKET_INPUT_DIR: folder.inputData } : {}),
    ...(job.imageUri === undefined ? {} : { AMZN_BRAKET_IMAGE_URI: job.imageUri }),
    ...(job.scriptMode
      ? { AMZN_BRAKET_SCRIPT_S3_URI: job.scriptMode.s3Uri, AMZN_BRAKET_SCRIPT_ENTRY_POINT: job.scriptMode.entryPoint }
      : {}),
    ...(job.scriptMode?.compressionType === undefined
      ? {}
      : { AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE: job.scriptMode.compressionType }),
    ...(reservation === undefined
      ? {}
      : { AMZN_BRAKET_RESERVATION_TIME_WINDOW_ARN: reservation, AMZN_BRAKET_RESERVATION_DEVICE_ARN: job.deviceArn }),
  };
}
