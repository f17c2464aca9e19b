/** OpenAPI 3.1 from the route table. */
import { z } from 'zod';
import type { RouteContract } from './api.ts';
import { ApiError, GatewayError, routes } from './api.ts';

type Json = Record<string, unknown>;

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) as Json;
  return rest;
};

function parametersOf(schema: z.ZodObject | undefined, where: 'path' | 'query'): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as { properties?: Json; required?: string[] };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: property,
  }));
}

const jsonContent = (schema: Json) => ({ 'application/json': { schema } });

function operation(route: RouteContract): Json {
  const parameters = [...parametersOf(route.parameters, 'path'), ...parametersOf(route.query, 'query')];
  const errorReply = (description: string, schema = 'ApiError') => ({
    description,
    content: jsonContent({ $ref: `#/components/schemas/${schema}` }),
  });
  return {
    operationId: route.name,
    summary: route.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: jsonContent(schemaOf(route.body, 'input')) } }),
    responses: {
      '200': { description: 'Done', content: jsonContent(schemaOf(route.response, 'output')) },
      '400': errorReply('The request is wrong; the message says what was wanted.'),
      '403': errorReply("The signature is missing or wrong; the answer is the gateway's.", 'GatewayError'),
      '404': errorReply('There is no such run or campaign.'),
      '500': errorReply('Something went wrong on our side.'),
      '503': errorReply('Try again later.'),
    },
  };
}

export function openapi(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const route of Object.values(routes) as RouteContract[]) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'QEFM', version, description: 'Quantum-enhanced screening of compound libraries.' },
    security: [{ sigv4: [] }],
    components: {
      securitySchemes: {
        sigv4: { type: 'apiKey', in: 'header', name: 'Authorization', 'x-amazon-apigateway-authtype': 'awsSigv4' },
      },
      schemas: { ApiError: schemaOf(ApiError, 'output'), GatewayError: schemaOf(GatewayError, 'output') },
    },
    paths,
  };
}
