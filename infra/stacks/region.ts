import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { EventBus as BusTarget } from 'aws-cdk-lib/aws-events-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { StackProps } from 'aws-cdk-lib/core';
import { Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { manifestBuckets } from '../constructs/buckets.ts';
import { deadLetterQueues, deadLetters } from '../constructs/dead-letters.ts';
import { eventPattern } from '../environment.ts';
import { manifest } from '../manifest.ts';

/**
 * What must lie in a device's region when that is not the home region: its bucket of results, and rules that forward the events there to the home
 * region's bus, where the rule of the same name hands them on. An event that gets lost on the way is caught by the sweep.
 */
export class RegionStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { region: string }) {
    super(scope, id, props);
    const { region } = props;
    const rules = manifest.rules.filter((rule) => rule.region === region);
    const buckets = manifest.buckets.filter((bucket) => bucket.region === region);
    const others = buckets.filter(({ name }) => name !== 'QuantumResults');
    if (buckets.length === 0 || rules.length === 0 || others.length > 0) {
      throw new Error(
        `region ${region} beside the home region ${manifest.region} wants a bucket QuantumResults and a rule for its events, found ` +
          `buckets [${buckets.map(({ name }) => name).join(', ')}] and rules [${rules.map(({ name }) => name).join(', ')}]`,
      );
    }
    manifestBuckets(this, region);
    const lost = deadLetters(this, 'LostEvents', deadLetterQueues.lostEvents);
    const home = EventBus.fromEventBusArn(
      this,
      'HomeBus',
      this.formatArn({ service: 'events', region: manifest.region, resource: 'event-bus', resourceName: 'default' }),
    );
    for (const plan of rules) {
      if (
        plan.pattern === undefined ||
        !manifest.rules.some(({ name, region }) => name === plan.name && region === manifest.region)
      )
        throw new Error(
          `rule ${plan.name} in ${region} wants a pattern and a rule of its name in ${manifest.region}, found less`,
        );
      const rule = new Rule(this, `${plan.name}Rule`, {
        ruleName: `${manifest.name}-${plan.name}`,
        description: `Forwards ${plan.name} of ${manifest.name} to ${manifest.region}`,
        eventPattern: eventPattern(this, plan.pattern),
      });
      // The target's own role may put events on that bus and nothing else.
      rule.addTarget(new BusTarget(home, { deadLetterQueue: lost as IQueue }));
    }
  }
}
