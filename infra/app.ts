/** `cdk synth` and `cdk deploy` start here. Synthesis needs no account and no network. */
import { existsSync, readFileSync } from 'node:fs';
import { App, Tags, Validations } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks } from 'cdk-nag';
import { manifest } from './manifest.ts';
import { otherRegions } from './names.ts';
import { ApiStack } from './stacks/api.ts';
import { ComputeStack } from './stacks/compute.ts';
import { FunctionsStack } from './stacks/functions.ts';
import { MonitoringStack } from './stacks/monitoring.ts';
import { RegionStack } from './stacks/region.ts';
import { StorageStack } from './stacks/storage.ts';
import { WorkflowStack } from './stacks/workflow.ts';

const BUILD_FACTS = 'dist/build.json';

/** All stacks in one app; the tests make it too, without the CLI. */
export function createApp(outdir?: string): App {
  if (!existsSync(BUILD_FACTS)) throw new Error(`${BUILD_FACTS} is missing: run npm run build first`);
  const { codeVersion } = JSON.parse(readFileSync(BUILD_FACTS, 'utf8')) as { codeVersion: string };
  // The CLI would pass the context itself; the tests make the same app without it.
  const { context } = JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> };
  const app = new App({ context, ...(outdir === undefined ? {} : { outdir }), analyticsReporting: false });
  // No account: the templates are the same for everyone, and nothing is looked up.
  const env = { region: manifest.region };
  const named = (part: string) => `${manifest.name}-${part}`;
  const storage = new StorageStack(app, named('storage'), { env, description: 'QEFM: buckets' });
  const functions = new FunctionsStack(app, named('functions'), { env, codeVersion, description: 'QEFM: Lambda functions' });
  const compute = new ComputeStack(app, named('compute'), { env, description: 'QEFM: Batch' });
  const workflow = new WorkflowStack(app, named('workflow'), {
    env,
    functions: functions.functions,
    description: 'QEFM: state machines and rules',
  });
  const api = new ApiStack(app, named('api'), { env, functions: functions.functions, description: 'QEFM: HTTP API' });
  new MonitoringStack(app, named('monitoring'), { env, description: 'QEFM: dashboard and alarms' });
  // They speak of each other by name, so the order of deployment is said here.
  workflow.addStackDependency(storage);
  workflow.addStackDependency(compute);
  for (const region of otherRegions()) {
    const description = `QEFM: quantum results of ${region}`;
    workflow.addStackDependency(new RegionStack(app, named(region), { env: { region }, region, description }));
  }
  api.addStackDependency(workflow);
  Tags.of(app).add('project', manifest.name);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}

if (import.meta.main) createApp().synth();
