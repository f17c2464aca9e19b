/** The stack of every API route: parse, run, reply; typed errors become HTTP statuses, the rest a plain 500 without details. */
import middy from '@middy/core';
import type { z } from 'zod';
import type { RouteContract } from '../../core/contracts/api.ts';
import { InvalidRequest, QefmError, RunNotFound, UnknownCampaign } from '../../core/contracts/errors.ts';
import type { ArtifactStore } from './artifacts.ts';
import { createArtifactStore } from './artifacts.ts';
import { s3Client } from './clients.ts';
import type { Config } from './config.ts';
import { readConfig } from './config.ts';
import { describeError } from './foreign-errors.ts';
import { createTelemetry } from './telemetry.ts';

export interface RouteTools {
  artifacts: ArtifactStore;
  config: Config;
  nowMs(): number;
}

interface HttpEvent {
  pathParameters?: Record<string, string> | null;
  queryStringParameters?: Record<string, string> | null;
  body?: string | null;
  isBase64Encoded?: boolean;
}

interface HttpReply {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

type Parsed<S> = S extends z.ZodType ? z.infer<S> : Record<string, never>;
export interface RouteInput<R extends RouteContract> {
  parameters: Parsed<R['parameters']>;
  query: Parsed<R['query']>;
  body: Parsed<R['body']>;
}

function reply(statusCode: number, body: unknown): HttpReply {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    body: JSON.stringify(body),
  };
}

function statusOf(error: unknown): number {
  if (error instanceof RunNotFound || error instanceof UnknownCampaign) return 404;
  return error instanceof QefmError && !error.retryable ? 400 : error instanceof QefmError ? 503 : 500;
}

function parsePart(schema: z.ZodType | undefined, value: unknown, part: string): unknown {
  if (schema === undefined) return {};
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`);
  throw new InvalidRequest(`${part}: ${issues.join('; ')}`);
}

function parseBody(event: HttpEvent): unknown {
  const text = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString('utf8') : (event.body ?? '');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InvalidRequest('body: JSON was wanted');
  }
}

export function route<R extends RouteContract>(
  contract: R,
  work: (input: RouteInput<R>, tools: RouteTools) => Promise<z.infer<R['response']>>,
) {
  const nowMs = () => Date.now();
  return middy<HttpEvent, HttpReply>(async (event: HttpEvent): Promise<HttpReply> => {
    const config = readConfig();
    const telemetry = createTelemetry(config.METRIC_NAMESPACE, contract.name, {}, nowMs);
    try {
      const input = {
        parameters: parsePart(contract.parameters, event.pathParameters ?? {}, 'path'),
        query: parsePart(contract.query, event.queryStringParameters ?? {}, 'query'),
        body: contract.body === undefined ? {} : parsePart(contract.body, parseBody(event), 'body'),
      } as RouteInput<R>;
      const output = await work(input, { artifacts: createArtifactStore(s3Client(), config.DATA_BUCKET), config, nowMs });
      return reply(200, contract.response.parse(output));
    } catch (error) {
      const status = statusOf(error);
      telemetry.error('request failed', { status, ...(status < 500 ? { error: (error as Error).name } : describeError(error)) });
      if (status < 500) return reply(status, { error: (error as Error).name, message: (error as Error).message });
      return reply(status, { error: 'InternalError', message: 'something went wrong on our side' });
    }
  });
}
