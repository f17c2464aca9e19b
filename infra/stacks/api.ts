import { type CfnStage, HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { StackProps } from 'aws-cdk-lib/core';
import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { manifest } from '../manifest.ts';

/** The HTTP API. Every route asks for a signature of the account's IAM; nothing answers without one. */
export class ApiStack extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { functions: ReadonlyMap<string, LambdaFunction> }) {
    super(scope, id, props);
    const api = new HttpApi(this, 'Api', {
      apiName: manifest.name,
      description: 'Runs, candidates, reports',
      defaultAuthorizer: new HttpIamAuthorizer(),
    });
    for (const route of manifest.routes) {
      const target = props.functions.get(route.function);
      if (target === undefined) throw new Error(`route ${route.path} names the unknown function ${route.function}`);
      api.addRoutes({
        path: route.path,
        methods: [HttpMethod[route.method]],
        integration: new HttpLambdaIntegration(`${route.function}Integration`, target),
      });
    }
    const logs = new LogGroup(this, 'AccessLogs', {
      logGroupName: `/aws/vendedlogs/apigateway/${manifest.name}`,
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const stage = api.defaultStage!.node.defaultChild as CfnStage;
    stage.accessLogSettings = {
      destinationArn: logs.logGroupArn,
      format: JSON.stringify({
        requestId: '$context.requestId',
        caller: '$context.identity.userArn',
        method: '$context.httpMethod',
        route: '$context.routeKey',
        status: '$context.status',
        latencyMs: '$context.responseLatency',
      }),
    };
    stage.defaultRouteSettings = { throttlingBurstLimit: 100, throttlingRateLimit: 50, detailedMetricsEnabled: true };
    new CfnOutput(this, 'Endpoint', { value: api.apiEndpoint, description: 'Give this to qefm --endpoint' });
  }
}
