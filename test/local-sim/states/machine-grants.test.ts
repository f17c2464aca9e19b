import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCloud } from '../../../local-sim/cloud.ts';
import { createStates, type StatesService } from '../../../local-sim/states/server.ts';

test('holds a machine to its grants on S3, and a machine without a list to none', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'machine-grants-'));
  let states: StatesService | undefined;
  const cloud = await createCloud({
    stateDir,
    s3Grants: { 'machine-Held': [{ to: 'read', bucket: 'data', prefix: 'mine/' }] },
    services: [
      (context) => {
        states = createStates(context);
        return states;
      },
    ],
  });
  try {
    await cloud.s3.call('CreateBucket', { Bucket: 'data' });
    for (const Key of ['mine/a.json', 'other/a.json']) await cloud.s3.call('PutObject', { Bucket: 'data', Key, Body: '[1]' });
    const definition = JSON.stringify({
      QueryLanguage: 'JSONata',
      StartAt: 'Read',
      States: {
        Read: {
          Type: 'Task',
          Resource: 'arn:aws:states:::aws-sdk:s3:getObject',
          Arguments: { Bucket: 'data', Key: '{% $states.input.key %}' },
          Output: 'read',
          End: true,
        },
      },
    });
    const outcome = async (name: string, key: string) => {
      const { executionArn } = await states!.call('StartExecution', {
        stateMachineArn: `arn:aws:states:us-east-1:000000000000:stateMachine:${name}`,
        input: JSON.stringify({ key }),
      });
      await states!.ended(String(executionArn));
      return states!.call('DescribeExecution', { executionArn });
    };
    for (const name of ['Held', 'Free'])
      await states!.call('CreateStateMachine', { name, definition, roleArn: 'arn:aws:iam::000000000000:role/x' });
    expect(await outcome('Held', 'mine/a.json')).toMatchObject({ status: 'SUCCEEDED' });
    const denied = await outcome('Held', 'other/a.json');
    expect(denied).toMatchObject({ status: 'FAILED', error: 'S3.S3Exception' });
    expect(String(denied['cause'])).toMatch(/not authorized.*other\/a\.json/);
    expect(await outcome('Free', 'other/a.json')).toMatchObject({ status: 'SUCCEEDED' });
  } finally {
    await cloud.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
});
