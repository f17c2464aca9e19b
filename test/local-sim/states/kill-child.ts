/** A process to be killed: runs one machine over a folder, from wherever an earlier process left it, and logs each call. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { realClock } from '../../../local-sim/clock.ts';
import { TestCloud } from './cloud.ts';

const [stateDir = ''] = process.argv.slice(2);
const log = (line: string) => appendFileSync(join(stateDir, 'calls.log'), `${line}\n`);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const call = (name: string, payload: unknown) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: name, Payload: payload },
  Output: '{% $states.result.Payload %}',
});
const work = (payload: unknown) => call('work', payload);

const MACHINE = {
  StartAt: 'Begin',
  States: {
    Begin: { Type: 'Pass', Assign: { k: 0, sum: 0 }, Next: 'Loop' },
    Loop: { Type: 'Choice', Choices: [{ Condition: '{% $k < 6 %}', Next: 'Work' }], Default: 'Ask' },
    Work: { ...work('{% $k %}'), Assign: { k: '{% $k + 1 %}', sum: '{% $sum + $states.result.Payload %}' }, Next: 'Loop' },
    Ask: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Arguments: { FunctionName: 'ask', Payload: '{% $states.context.Task.Token %}' },
      Assign: { answer: '{% $states.result %}' },
      Next: 'Both',
    },
    Both: {
      Type: 'Parallel',
      Branches: [
        { StartAt: 'L', States: { L: { ...work(100), Next: 'L2' }, L2: { ...work(101), End: true } } },
        {
          StartAt: 'R',
          States: {
            R: {
              Type: 'Map',
              Items: '{% [200..205] %}',
              MaxConcurrency: 2,
              ItemProcessor: { StartAt: 'I', States: { I: { ...work('{% $states.input %}'), End: true } } },
              End: true,
            },
          },
        },
      ],
      Next: 'Far',
    },
    Far: {
      Type: 'Map',
      Label: 'far',
      Items: '{% [300..311] %}',
      MaxConcurrency: 3,
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'K',
        States: { K: { ...work('{% $states.input %}'), End: true } },
      },
      Output: { far: '{% $states.result %}', both: '{% $states.input %}', sum: '{% $sum %}', answer: '{% $answer %}' },
      End: true,
    },
  },
};

const tokenFile = join(stateDir, 'token');
const cloud: TestCloud = new TestCloud({
  stateDir,
  clock: realClock(),
  functions: {
    work: async (event) => {
      log(`start ${String(event)}`);
      await pause(15);
      log(`end ${String(event)}`);
      return Number(event) * 2;
    },
    // Whoever waits outside has the token; here it lies in a file and is answered by a later process as well.
    ask: (token) => writeFileSync(tokenFile, String(token)),
  },
});
await cloud.states.start();
const stateMachineArn = await cloud.create(MACHINE, 'killed');
await cloud.call('StartExecution', { stateMachineArn, name: 'one', input: '{}' }).catch((error: Error) => {
  if (error.name !== 'ExecutionAlreadyExists') throw error;
});
process.stdout.write('ready\n');
const arn = stateMachineArn.replace(':stateMachine:', ':execution:').concat(':one');
const answer = setInterval(() => {
  if (!existsSync(tokenFile)) return;
  cloud.call('SendTaskSuccess', { taskToken: readFileSync(tokenFile, 'utf8'), output: '"answered"' }).catch(() => {});
}, 20);
await cloud.states.ended(arn);
clearInterval(answer);
process.stdout.write(`done ${JSON.stringify(await cloud.told(arn))}\n`);
await cloud.states.stop();
