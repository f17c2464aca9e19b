/** ListJobs: which jobs a request means. */
import type { MemberReader } from '../members.ts';
import type { JobStore } from './job-store.ts';
import { JOB_STATUSES, type Job, type JobQueue } from './model.ts';

/** Newest first. Without a filter, those of one status (RUNNING unless said); a filter looks at every status. */
export function listJobs(
  reader: MemberReader,
  store: JobStore,
  findQueue: (reader: MemberReader, name: string) => JobQueue,
): Job[] {
  const arrayJobId = reader.optionalString('arrayJobId');
  const queueName = reader.optionalString('jobQueue');
  if ((arrayJobId === undefined) === (queueName === undefined))
    throw reader.refuse("one of 'jobQueue' and 'arrayJobId' is required");
  const queueArn = queueName === undefined ? undefined : findQueue(reader, queueName).arn;
  const among = [...store.jobs.values()]
    .filter((job) =>
      queueArn === undefined ? job.parentId === arrayJobId : job.queueArn === queueArn && job.parentId === undefined,
    )
    .sort((a, b) => b.createdAtMs - a.createdAtMs || b.order - a.order);
  const filters = reader.structures('filters', { max: 1 });
  if (filters.length === 0) {
    const status = reader.optionalOneOf('jobStatus', JOB_STATUSES) ?? 'RUNNING';
    return among.filter((job) => job.status === status);
  }
  return filters.reduce((jobs, filter) => {
    const name = filter.oneOf('name', ['JOB_NAME', 'JOB_DEFINITION', 'BEFORE_CREATED_AT', 'AFTER_CREATED_AT']);
    const values = filter.strings('values', { min: 1, max: 1 });
    const fits = (text: string) =>
      values.some((value) =>
        value.endsWith('*')
          ? text.toLowerCase().startsWith(value.slice(0, -1).toLowerCase())
          : text.toLowerCase() === value.toLowerCase(),
      );
    if (name === 'JOB_NAME') return jobs.filter((job) => fits(job.name));
    if (name === 'JOB_DEFINITION') {
      return jobs.filter((job) => {
        const full = job.definitionArn.split('/')[1] ?? '';
        return fits(job.definitionArn) || fits(full) || fits(full.split(':')[0] ?? '');
      });
    }
    const limitMs = Number(values[0]);
    return jobs.filter((job) => (name === 'BEFORE_CREATED_AT' ? job.createdAtMs < limitMs : job.createdAtMs > limitMs));
  }, among);
}
