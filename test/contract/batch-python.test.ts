import { afterAll, beforeAll, expect, test } from 'vitest';
import { runPython, startTestCloud, type TestCloud } from '../support/local-cloud.ts';

let cloud: TestCloud;

beforeAll(async () => {
  cloud = await startTestCloud({ batch: { images: { shell: {} } } });
});

afterAll(() => cloud.remove());

test('satisfies boto3: definitions, jobs, retries, arrays, tags, refusals', async () => {
  expect(await runPython(cloud, 'batch_boto3.py')).toEqual({
    revision: 1,
    definition: { status: 'ACTIVE', type: 'container', parameters: { word: 'hello' }, timeout: { attemptDurationSeconds: 60 } },
    queue: 'ENABLED',
    job: { status: 'SUCCEEDED', exitCode: 0, created: expect.any(Number), tags: { who: 'boto' } },
    tags: { who: 'boto' },
    failing: [3, 3],
    array: { size: 3, succeeded: 3 },
    children: ['0', '1', '2'],
    refused: ['ClientException', 400],
  });
});
