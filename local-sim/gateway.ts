/**
 * An API Gateway HTTP API in front of functions: payload format 2.0, routes with path parameters, IAM authorisation.
 *
 * The base URL is `http://127.0.0.1:PORT/api` (stage `$default`, so `rawPath` carries no stage). A route with `auth: 'iam'` wants a request
 * signed for the service `execute-api`; a signed request finds the API without the prefix as well.
 */
import { randomUUID } from 'node:crypto';
import { decodePercent } from './http/sigv4.ts';
import type { LambdaService } from './lambda/server.ts';
import { type CloudContext, type Service, ServiceError, type ServiceRequest, type ServiceResponse } from './service.ts';

export interface ApiRoute {
  /** `GET`, `POST` …, or `ANY`. */
  method: string;
  /** `/runs/{id}`, `/files/{proxy+}` */
  path: string;
  functionName: string;
  auth: 'iam' | 'none';
}

export interface CorsConfig {
  allowOrigins: readonly string[];
  allowMethods: readonly string[];
  allowHeaders: readonly string[];
  maxAgeSeconds: number;
}

export interface GatewayOptions {
  routes?: readonly ApiRoute[];
  cors?: CorsConfig;
}

export interface GatewayService extends Service {
  setRoutes(routes: readonly ApiRoute[]): void;
}

const API_ID = 'local';
const INTEGRATION_TIMEOUT_MS = 30_000;
const TEXT_TYPES = /^(text\/|application\/(json|javascript|xml|[a-z.+-]*\+json|[a-z.+-]*\+xml))/;

interface CompiledRoute extends ApiRoute {
  key: string;
  parts: string[];
  /** More literal parts win; a greedy variable loses against everything. */
  rank: number;
}

function compile(route: ApiRoute): CompiledRoute {
  const parts = route.path.split('/').slice(1);
  if (!route.path.startsWith('/')) throw new Error(`a route's path begins with /, found ${route.path}`);
  const greedy = parts.findIndex((part) => part.endsWith('+}'));
  if (greedy >= 0 && greedy !== parts.length - 1) throw new Error(`a greedy variable must come last, found ${route.path}`);
  const literals = parts.filter((part) => !part.startsWith('{')).length;
  const rank = literals * 4 + (greedy >= 0 ? 0 : 2) + (route.method === 'ANY' ? 0 : 1);
  return { ...route, method: route.method.toUpperCase(), key: `${route.method.toUpperCase()} ${route.path}`, parts, rank };
}

function matchPath(route: CompiledRoute, parts: readonly string[]): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  for (const [i, part] of route.parts.entries()) {
    if (part.endsWith('+}')) {
      if (parts.length <= i) return undefined;
      found[part.slice(1, -2)] = parts.slice(i).map(decodePercent).join('/');
      return found;
    }
    const given = parts[i];
    if (given === undefined) return undefined;
    if (part.startsWith('{')) {
      if (given === '') return undefined;
      found[part.slice(1, -1)] = decodePercent(given);
    } else if (part !== given) return undefined;
  }
  return parts.length === route.parts.length ? found : undefined;
}

export function createGateway(context: CloudContext, lambda: () => LambdaService, options: GatewayOptions = {}): GatewayService {
  let routes = (options.routes ?? []).map(compile);

  const find = (method: string, path: string): { route: CompiledRoute; parameters: Record<string, string> } | undefined => {
    const parts = path.split('/').slice(1);
    const candidates = routes
      .filter((route) => route.method === method || route.method === 'ANY')
      .map((route) => ({ route, parameters: matchPath(route, parts) }))
      .filter((one): one is { route: CompiledRoute; parameters: Record<string, string> } => one.parameters !== undefined);
    return candidates.sort((a, b) => b.route.rank - a.route.rank)[0];
  };

  const corsHeaders = (origin: string | undefined): Record<string, string> => {
    const { cors } = options;
    if (!cors || origin === undefined || !(cors.allowOrigins.includes('*') || cors.allowOrigins.includes(origin))) return {};
    return { 'access-control-allow-origin': cors.allowOrigins.includes('*') ? '*' : origin };
  };

  const handle = async (request: ServiceRequest): Promise<ServiceResponse> => {
    const path = stripPrefix(request.path);
    const origin = request.headers['origin'];
    if (request.method === 'OPTIONS' && options.cors && request.headers['access-control-request-method'] !== undefined) {
      const { allowMethods, allowHeaders, maxAgeSeconds } = options.cors;
      const headers = {
        'access-control-allow-methods': allowMethods.join(','),
        'access-control-allow-headers': allowHeaders.join(','),
        'access-control-max-age': String(maxAgeSeconds),
      };
      return { status: 204, headers: { ...corsHeaders(origin), ...headers } };
    }
    const found = find(request.method, path);
    if (!found) return message(404, 'Not Found', corsHeaders(origin));
    if (found.route.auth === 'iam' && request.accessKeyId === undefined) return message(403, 'Forbidden', corsHeaders(origin));
    const event = payload(context, request, path, found.route, found.parameters);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), INTEGRATION_TIMEOUT_MS);
    });
    const done = await Promise.race([
      lambda().invoke(found.route.functionName, JSON.stringify(event), 'interactive'),
      late,
    ]).finally(() => clearTimeout(timer));
    if (done === undefined) return message(503, 'Service Unavailable', corsHeaders(origin));
    if (done.failure) {
      context.log('error', 'a function of the HTTP API failed', { route: found.route.key, errorType: done.failure.errorType });
      return message(500, 'Internal Server Error', corsHeaders(origin));
    }
    const answer = readResult(done.payload ?? 'null');
    return { ...answer, headers: { ...answer.headers, ...corsHeaders(origin) } };
  };

  return {
    signingNames: ['execute-api'],
    handle,
    call: async (action) => {
      throw new ServiceError('UnknownOperationException', `The HTTP API has no action ${action}.`, 400);
    },
    setRoutes: (next) => {
      routes = next.map(compile);
    },
  };
}

const stripPrefix = (path: string): string => (path === '/api' ? '/' : path.startsWith('/api/') ? path.slice(4) : path);

const message = (status: number, text: string, headers: Record<string, string>): ServiceResponse => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ message: text }),
});

/** The event of payload format 2.0, as the API Gateway developer guide lists its fields. */
function payload(
  context: CloudContext,
  request: ServiceRequest,
  path: string,
  route: CompiledRoute,
  pathParameters: Record<string, string>,
): Record<string, unknown> {
  const { cookie, ...headers } = request.headers;
  const query: Record<string, string> = {};
  for (const [name, value] of request.query) {
    if (name.startsWith('X-Amz-')) continue;
    query[name] = query[name] === undefined ? value : `${query[name]},${value}`;
  }
  const rawQueryString = [...request.query].filter(([name]) => !name.startsWith('X-Amz-'));
  const isText =
    request.headers['content-type'] === undefined ? isUtf8(request.body) : TEXT_TYPES.test(request.headers['content-type']);
  const now = new Date(context.clock.now());
  const domain = request.headers['host'] ?? '127.0.0.1';
  const iam = {
    accessKey: request.accessKeyId,
    accountId: context.accountId,
    callerId: 'local',
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: `arn:aws:iam::${context.accountId}:user/local`,
    userId: 'local',
  };
  return {
    version: '2.0',
    routeKey: route.key,
    rawPath: decodePercent(path),
    rawQueryString: new URLSearchParams(rawQueryString).toString(),
    ...(cookie === undefined ? {} : { cookies: cookie.split(';').map((one) => one.trim()) }),
    headers,
    ...(Object.keys(query).length > 0 ? { queryStringParameters: query } : {}),
    ...(Object.keys(pathParameters).length > 0 ? { pathParameters } : {}),
    requestContext: {
      accountId: context.accountId,
      apiId: API_ID,
      ...(request.accessKeyId === undefined ? {} : { authorizer: { iam } }),
      domainName: domain,
      domainPrefix: API_ID,
      http: {
        method: request.method,
        path: decodePercent(path),
        protocol: 'HTTP/1.1',
        sourceIp: request.sourceIp ?? '127.0.0.1',
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: randomUUID(),
      routeKey: route.key,
      stage: '$default',
      time: clfTime(now),
      timeEpoch: now.getTime(),
    },
    ...(request.body.length === 0 ? {} : { body: isText ? request.body.toString('utf8') : request.body.toString('base64') }),
    isBase64Encoded: request.body.length > 0 && !isText,
  };
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function clfTime(time: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const clock = [time.getUTCHours(), time.getUTCMinutes(), time.getUTCSeconds()].map(two).join(':');
  return `${two(time.getUTCDate())}/${MONTHS[time.getUTCMonth()]}/${time.getUTCFullYear()}:${clock} +0000`;
}

interface StructuredResult {
  statusCode?: number;
  headers?: Record<string, string | number | boolean>;
  body?: string;
  isBase64Encoded?: boolean;
  cookies?: string[];
}

/** A result with a statusCode is the response; any other JSON value is the body of a 200. */
function readResult(text: string): ServiceResponse {
  const value: unknown = JSON.parse(text);
  const structured = typeof value === 'object' && value !== null && !Array.isArray(value) && 'statusCode' in value;
  if (!structured)
    return { status: 200, headers: { 'content-type': 'application/json' }, body: typeof value === 'string' ? value : text };
  const { statusCode, headers = {}, body = '', isBase64Encoded = false, cookies = [] } = value as StructuredResult;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return message(500, 'Internal Server Error', {});
  const written: Record<string, string> = {};
  for (const [name, one] of Object.entries(headers)) written[name.toLowerCase()] = String(one);
  written['content-type'] ??= 'text/plain; charset=utf-8';
  if (cookies.length > 0) written['set-cookie'] = cookies.join('\n');
  const content = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: written, body: isBase64Encoded ? Buffer.from(content, 'base64') : content };
}
