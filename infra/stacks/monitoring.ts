import { Alarm, ComparisonOperator, Dashboard, GraphWidget, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { StackProps } from 'aws-cdk-lib/core';
import { Duration, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { deadLetterQueueName, deadLetterQueues } from '../constructs/dead-letters.ts';
import { manifest } from '../manifest.ts';
import { machineArn } from '../names.ts';

const GAUGES: ReadonlySet<string> = new Set(['Loss', 'GradientVariance', 'OldestOpenTokenMinutes', 'StepMs']);

const own = (metricName: string, periodMinutes = 5) =>
  new Metric({
    namespace: manifest.metricNamespace,
    metricName,
    statistic: GAUGES.has(metricName) ? 'Maximum' : 'Sum',
    period: Duration.minutes(periodMinutes),
  });

/** A dashboard over what the handlers emit, and alarms that reach whoever subscribes to the topic. */
export class MonitoringStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    const topic = new Topic(this, 'Alarms', {
      topicName: `${manifest.name}-alarms`,
      enforceSSL: true,
      displayName: 'QEFM alarms',
    });
    for (const plan of manifest.alarms) {
      const alarm = new Alarm(this, plan.name, {
        alarmName: `${manifest.name}-${plan.name}`,
        alarmDescription: plan.description,
        metric: new Metric({
          namespace: manifest.metricNamespace,
          metricName: plan.metric,
          statistic: plan.statistic,
          period: Duration.minutes(plan.periodMinutes),
        }),
        threshold: plan.threshold,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(new SnsAction(topic));
    }
    for (const part of Object.values(deadLetterQueues)) {
      const alarm = new Alarm(this, `${part}-waiting`, {
        alarmName: `${manifest.name}-${part}`,
        alarmDescription: `An event was given up and lies in the queue ${deadLetterQueueName(part)}.`,
        metric: new Metric({
          namespace: 'AWS/SQS',
          metricName: 'ApproximateNumberOfMessagesVisible',
          dimensionsMap: { QueueName: deadLetterQueueName(part) },
          statistic: 'Maximum',
          period: Duration.minutes(5),
        }),
        threshold: 0,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(new SnsAction(topic));
    }
    const discover = (metricName: string) =>
      new Metric({
        namespace: 'AWS/States',
        metricName,
        dimensionsMap: { StateMachineArn: machineArn(this, 'Discover') },
        statistic: 'Sum',
        period: Duration.hours(1),
      });
    new Dashboard(this, 'Dashboard', {
      dashboardName: manifest.name,
      widgets: [
        [
          new GraphWidget({
            title: 'Runs',
            width: 12,
            left: manifest.runMetrics.map(discover),
          }),
        ],
        ...chunk(manifest.dashboardMetrics, 3).map((names) =>
          names.map((name) => new GraphWidget({ title: name, width: 8, left: [own(name)] })),
        ),
      ],
    });
  }
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}
